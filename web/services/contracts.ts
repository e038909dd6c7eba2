import type { Client, Insert, Row } from "./client.ts";
import { ask } from "./errors.ts";
import { atLeast, type Role } from "./firms.ts";
import { behind, find, inOrder, type ListQuery, PAGE, type Page, pageOf } from "./lists.ts";
import { type Stop, type Watcher, watchRows } from "./live.ts";

export const CONTRACT_STATUSES = [
  "draft",
  "in_review",
  "sent",
  "signed",
  "active",
  "expired",
  "terminated",
  "cancelled",
] as const;
export type ContractStatus = (typeof CONTRACT_STATUSES)[number];
export const CONTRACT_KINDS = ["client_services", "consultant", "nda", "framework"] as const;
export type ContractKind = (typeof CONTRACT_KINDS)[number];
export const RATE_UNITS = ["hour", "day", "month", "fixed"] as const;
export type RateUnit = (typeof RATE_UNITS)[number];

export interface Party {
  id: string;
  name: string;
}

export type Contract = Pick<
  Row<"contracts">,
  | "id"
  | "firm_id"
  | "number"
  | "title"
  | "starts_on"
  | "ends_on"
  | "rate"
  | "currency"
  | "value_cap"
  | "notice_days"
  | "cancel_by"
  | "reason"
  | "created_at"
  | "archived_at"
> & {
  kind: ContractKind;
  status: ContractStatus;
  rate_unit: RateUnit | null;
  company: Party | null;
  consultant: Party | null;
};

export interface ContractValues {
  title?: string;
  kind?: ContractKind;
  company_id?: string | null;
  consultant_id?: string | null;
  starts_on?: string | null;
  ends_on?: string | null;
  rate?: number | null;
  rate_unit?: RateUnit | null;
  value_cap?: number | null;
  notice_days?: number | null;
}

export interface ContractEvent {
  id: string;
  at: string;
  kind: string;
  /** Null for the system and for who has no account. */
  actor_name: string | null;
  detail: string | null;
  /** What it happened to: the contract itself, or a file of it, with its name. */
  subject: string;
  title: string | null;
}

export interface Transition {
  to: ContractStatus;
  role: Role;
}

/** What people may turn a contract into, as the server has it; the calendar does the rest. */
export const TRANSITIONS: Record<ContractStatus, readonly Transition[]> = {
  draft: [
    { to: "in_review", role: "manager" },
    { to: "cancelled", role: "manager" },
  ],
  in_review: [
    { to: "sent", role: "manager" },
    { to: "draft", role: "manager" },
    { to: "cancelled", role: "manager" },
  ],
  sent: [
    { to: "signed", role: "manager" },
    { to: "draft", role: "manager" },
    { to: "cancelled", role: "manager" },
  ],
  signed: [{ to: "cancelled", role: "admin" }],
  active: [{ to: "terminated", role: "manager" }],
  expired: [],
  terminated: [],
  cancelled: [],
};

/** What to offer somebody on the page of a contract. */
export function offered(status: ContractStatus, role: Role | "consultant"): ContractStatus[] {
  return TRANSITIONS[status].filter((step) => atLeast(role, step.role)).map((step) => step.to);
}

export interface ContractsService {
  /** Those that are not archived, newest first; with `search` the best hits first. */
  list(firmId: string, query?: ListQuery<ContractStatus>): Promise<Page<Contract>>;
  get(id: string): Promise<Contract>;
  /** A draft; the kind decides which parties it needs. Members. Error: bad_value, with the field. */
  add(
    firmId: string,
    values: ContractValues & { title: string; kind: ContractKind },
  ): Promise<Contract>;
  /** Terms change in a draft only. Error: terms_frozen. */
  change(id: string, values: ContractValues): Promise<Contract>;
  /** Errors: illegal_transition, reason_required, start_required, signers_pending, not_allowed. */
  transition(id: string, to: ContractStatus, note?: string): Promise<Contract>;
  /** What happened to it, newest first. */
  history(id: string): Promise<ContractEvent[]>;
  watch(firmId: string, watcher: Watcher<Contract>): Stop;
}

/** By so many of whom the words mean, contracts with them are found. */
const MOST_PARTIES = 5;
const COLUMNS = `id, firm_id, number, title, kind, status, starts_on, ends_on, rate, rate_unit,
  currency, value_cap, notice_days, cancel_by, reason, created_at, archived_at,
  company:companies!contracts_company_id_fkey(id, name),
  consultant:consultants!contracts_consultant_id_fkey(id, name)`;

export function supabaseContracts(client: Client): ContractsService {
  const contracts = () => client.from("contracts");
  const get = async (id: string) =>
    (await ask(contracts().select(COLUMNS).eq("id", id).single())) as Contract;

  return {
    async list(firmId, { search = "", status, after, limit = PAGE } = {}) {
      let query = contracts().select(COLUMNS).eq("firm_id", firmId).is("archived_at", null);
      if (status) query = query.eq("status", status);
      if (search.trim()) {
        // Apart, as parties of like names would leave no place for contracts.
        const [ids, parties] = await Promise.all([
          find(client, firmId, ["contract"], search),
          find(client, firmId, ["company", "consultant"], search, MOST_PARTIES),
        ]);
        const found = query
          .or(`id.in.(${ids}),company_id.in.(${parties}),consultant_id.in.(${parties})`)
          .order("created_at", { ascending: false })
          .order("id");
        return { rows: inOrder(ids, (await ask(found)) as Contract[]), next: null };
      }
      if (after) query = query.or(behind(after));
      const newest = query
        .order("created_at", { ascending: false })
        .order("id")
        .limit(limit + 1);
      return pageOf((await ask(newest)) as Contract[], limit);
    },

    get,

    async add(firmId, values) {
      // The number is the server's, and so is the currency where none is given.
      const row = { ...values, firm_id: firmId } as Insert<"contracts">;
      return (await ask(contracts().insert(row).select(COLUMNS).single())) as Contract;
    },

    async change(id, values) {
      return (await ask(
        contracts().update(values).eq("id", id).select(COLUMNS).single(),
      )) as Contract;
    },

    async transition(id, to, note) {
      await ask(
        client.rpc("transition_contract", { id, to_status: to, ...(note ? { note } : {}) }),
      );
      return get(id);
    },

    async history(id) {
      const query = { entity: "contract", id, max_rows: 100 };
      return (await ask(client.rpc("timeline", query))).map(
        ({ id, at, kind, actor_name, detail, subject, title }) => ({
          ...{ id, at, kind, actor_name, detail, subject, title },
        }),
      );
    },

    watch: (firmId, watcher) => watchRows(client, "contracts", firmId, get, watcher),
  };
}
