import type { Client, Narrow, Row } from "./client.ts";
import { ask } from "./errors.ts";
import { behind, find, inOrder, type ListQuery, PAGE, type Page, pageOf } from "./lists.ts";

export const COMPANY_STATUSES = ["lead", "active", "inactive"] as const;
export type CompanyStatus = (typeof COMPANY_STATUSES)[number];

export type Company = Narrow<
  Pick<
    Row<"companies">,
    | "id"
    | "firm_id"
    | "name"
    | "status"
    | "industry"
    | "country"
    | "website"
    | "address"
    | "created_at"
    | "archived_at"
  >,
  { status: CompanyStatus }
>;

export type CompanyValues = Partial<
  Pick<Company, "name" | "status" | "industry" | "country" | "website" | "address">
>;

export interface CompaniesService {
  /** Those that are not archived, newest first; with `search` the best hits first. */
  list(firmId: string, query?: ListQuery<CompanyStatus>): Promise<Page<Company>>;
  get(id: string): Promise<Company>;
  /** Members. Error: bad_value, with the field. */
  add(firmId: string, values: CompanyValues & { name: string }): Promise<Company>;
  change(id: string, values: CompanyValues): Promise<Company>;
  /** Managers. Nothing is deleted: `restore` brings it back. */
  archive(id: string): Promise<Company>;
  restore(id: string): Promise<Company>;
}

const COLUMNS =
  "id, firm_id, name, status, industry, country, website, address, created_at, archived_at";

export function supabaseCompanies(client: Client): CompaniesService {
  const companies = () => client.from("companies");
  const change = async (id: string, values: CompanyValues & { archived_at?: string | null }) =>
    (await ask(companies().update(values).eq("id", id).select(COLUMNS).single())) as Company;

  return {
    async list(firmId, { search = "", status, after, limit = PAGE } = {}) {
      let query = companies().select(COLUMNS).eq("firm_id", firmId).is("archived_at", null);
      if (status) query = query.eq("status", status);
      if (search.trim()) {
        const ids = await find(client, firmId, ["company"], search);
        return { rows: inOrder(ids, (await ask(query.in("id", ids))) as Company[]), next: null };
      }
      if (after) query = query.or(behind(after));
      const newest = query
        .order("created_at", { ascending: false })
        .order("id")
        .limit(limit + 1);
      return pageOf((await ask(newest)) as Company[], limit);
    },

    async get(id) {
      return (await ask(companies().select(COLUMNS).eq("id", id).single())) as Company;
    },

    async add(firmId, values) {
      const row = { ...values, firm_id: firmId };
      return (await ask(companies().insert(row).select(COLUMNS).single())) as Company;
    },

    change,
    // The server puts its own clock in the place of this.
    archive: (id) => change(id, { archived_at: "now" }),
    restore: (id) => change(id, { archived_at: null }),
  };
}
