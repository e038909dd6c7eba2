import type { Client, Narrow, Row } from "./client.ts";
import { ask } from "./errors.ts";
import { behind, find, inOrder, type ListQuery, PAGE, type Page, pageOf } from "./lists.ts";

export const CONSULTANT_STATUSES = ["candidate", "active", "on_leave", "inactive"] as const;
export type ConsultantStatus = (typeof CONSULTANT_STATUSES)[number];
export const CONSULTANT_KINDS = ["employee", "contractor", "partner"] as const;
export type ConsultantKind = (typeof CONSULTANT_KINDS)[number];

export type Consultant = Narrow<
  Pick<
    Row<"consultants">,
    | "id"
    | "firm_id"
    | "name"
    | "email"
    | "phone"
    | "headline"
    | "kind"
    | "status"
    | "skills"
    | "available_from"
    | "created_at"
    | "archived_at"
  >,
  { status: ConsultantStatus; kind: ConsultantKind }
>;

export type ConsultantValues = Partial<
  Pick<
    Consultant,
    "name" | "email" | "phone" | "headline" | "kind" | "status" | "skills" | "available_from"
  >
>;

export interface ConsultantsService {
  /** Those that are not archived, newest first; with `search` the best hits first. */
  list(firmId: string, query?: ListQuery<ConsultantStatus>): Promise<Page<Consultant>>;
  get(id: string): Promise<Consultant>;
  /** Managers. Error: bad_value, with the field. */
  add(firmId: string, values: ConsultantValues & { name: string }): Promise<Consultant>;
  change(id: string, values: ConsultantValues): Promise<Consultant>;
  /** Managers. Nothing is deleted: `restore` brings it back. */
  archive(id: string): Promise<Consultant>;
  restore(id: string): Promise<Consultant>;
}

const COLUMNS =
  "id, firm_id, name, email, phone, headline, kind, status, skills, available_from, created_at, archived_at";

export function supabaseConsultants(client: Client): ConsultantsService {
  const consultants = () => client.from("consultants");
  const change = async (id: string, values: ConsultantValues & { archived_at?: string | null }) =>
    (await ask(consultants().update(values).eq("id", id).select(COLUMNS).single())) as Consultant;

  return {
    async list(firmId, { search = "", status, after, limit = PAGE } = {}) {
      let query = consultants().select(COLUMNS).eq("firm_id", firmId).is("archived_at", null);
      if (status) query = query.eq("status", status);
      if (search.trim()) {
        const ids = await find(client, firmId, ["consultant"], search);
        return { rows: inOrder(ids, (await ask(query.in("id", ids))) as Consultant[]), next: null };
      }
      if (after) query = query.or(behind(after));
      const newest = query
        .order("created_at", { ascending: false })
        .order("id")
        .limit(limit + 1);
      return pageOf((await ask(newest)) as Consultant[], limit);
    },

    async get(id) {
      return (await ask(consultants().select(COLUMNS).eq("id", id).single())) as Consultant;
    },

    async add(firmId, values) {
      const row = { ...values, firm_id: firmId };
      return (await ask(consultants().insert(row).select(COLUMNS).single())) as Consultant;
    },

    change,
    // The server puts its own clock in the place of this.
    archive: (id) => change(id, { archived_at: "now" }),
    restore: (id) => change(id, { archived_at: null }),
  };
}
