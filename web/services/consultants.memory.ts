import type { ConsultantsService, ConsultantValues } from "./consultants.ts";
import { notAllowed } from "./errors.ts";
import { stamped } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import { check, isLine, list, type Rules } from "./memory/rows.ts";

const RULES: Rules<ConsultantValues> = {
  name: isLine,
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  phone: (value) => /^\+?[0-9][0-9 ()./-]{2,39}$/.test(value),
  headline: (value) => value.length <= 300,
  skills: (value) => value.length <= 100,
};

export function memoryConsultants(caller: Caller): ConsultantsService {
  const { consultants } = caller.backend;
  const setArchived = (id: string, archived_at: string | null) =>
    structuredClone(Object.assign(caller.find(consultants, id, "manager"), { archived_at }));

  return {
    async list(firmId, query = {}) {
      const mine = consultants.filter((row) => caller.has(row.firm_id, "viewer"));
      const words = (row: (typeof mine)[number]) =>
        [row.name, row.headline, ...row.skills].join(" ");
      return list(mine, firmId, query, words);
    },

    async get(id) {
      return structuredClone(caller.find(consultants, id));
    },

    async add(firmId, values) {
      if (!caller.has(firmId, "manager")) throw notAllowed();
      check(values, RULES);
      const nothing = { email: null, phone: null, headline: null, available_from: null };
      const consultant = {
        ...nothing,
        kind: "employee" as const,
        status: "active" as const,
        skills: [],
        ...values,
        ...stamped(),
        firm_id: firmId,
        archived_at: null,
      };
      consultants.push(consultant);
      return structuredClone(consultant);
    },

    async change(id, values) {
      const consultant = caller.find(consultants, id, "manager");
      check(values, RULES);
      return structuredClone(Object.assign(consultant, values));
    },

    archive: async (id) => setArchived(id, new Date().toISOString()),
    restore: async (id) => setArchived(id, null),
  };
}
