import type { CompaniesService, CompanyValues } from "./companies.ts";
import { notAllowed } from "./errors.ts";
import { stamped } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import { check, isLine, list, type Rules } from "./memory/rows.ts";

export const RULES: Rules<CompanyValues> = {
  name: isLine,
  country: (value) => /^[A-Z]{2}$/.test(value),
  website: (value) => /^https?:\/\/[^\s<>"]+$/.test(value),
  industry: (value) => value.length <= 100,
  address: (value) => value.length <= 500,
};

export function memoryCompanies(caller: Caller): CompaniesService {
  const { companies } = caller.backend;
  const setArchived = (id: string, archived_at: string | null) => {
    const company = caller.find(companies, id, "member");
    caller.require(company.firm_id, "manager");
    return structuredClone(Object.assign(company, { archived_at }));
  };

  return {
    async list(firmId, query = {}) {
      const mine = companies.filter((row) => caller.has(row.firm_id, "viewer"));
      return list(mine, firmId, query, (row) => [row.name, row.industry, row.country].join(" "));
    },

    async get(id) {
      return structuredClone(caller.find(companies, id));
    },

    async add(firmId, values) {
      if (!caller.has(firmId, "member")) throw notAllowed();
      check(values, RULES);
      const nothing = { industry: null, country: null, website: null, address: null };
      const company = {
        ...nothing,
        status: "lead" as const,
        ...values,
        ...stamped(),
        firm_id: firmId,
        archived_at: null,
      };
      companies.push(company);
      return structuredClone(company);
    },

    async change(id, values) {
      const company = caller.find(companies, id, "member");
      check(values, RULES);
      return structuredClone(Object.assign(company, values));
    },

    archive: async (id) => setArchived(id, new Date().toISOString()),
    restore: async (id) => setArchived(id, null),
  };
}
