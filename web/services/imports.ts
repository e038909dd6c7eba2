import type { Client, Narrow, Project, Row } from "./client.ts";
import { ask, cancelled } from "./errors.ts";
import { type Stop, type Watcher, watchRows } from "./live.ts";
import { send } from "./transfer.ts";

export const IMPORT_KINDS = ["companies", "consultants", "contracts"] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];

/** What a column may be: `keys` find a row that is there, `needed` is what a new one cannot lack. */
export const IMPORT_FIELDS: Record<
  ImportKind,
  Record<"fields" | "keys" | "needed", readonly string[]>
> = {
  companies: {
    fields: [
      ...["external_ref", "tax_id", "name", "legal_name", "registration_no", "website"],
      ...["industry", "country", "address", "status"],
    ],
    keys: ["external_ref", "tax_id", "name"],
    needed: ["name"],
  },
  consultants: {
    fields: [
      ...["external_ref", "email", "name", "phone", "headline", "kind", "status", "seniority"],
      ...["skills", "available_from"],
    ],
    keys: ["external_ref", "email"],
    needed: ["name"],
  },
  contracts: {
    fields: [
      ...["number", "external_ref", "title", "kind", "company", "consultant", "starts_on"],
      ...["ends_on", "rate", "rate_unit", "currency", "value_cap", "notice_days", "auto_renew"],
      "renewal_months",
    ],
    keys: ["number", "external_ref"],
    needed: ["title", "kind"],
  },
};

export type ImportStatus = "uploading" | "queued" | "running" | "done" | "failed" | "cancelled";

/** What a column of the file was taken for; null: left out. */
export interface ImportColumn {
  column: string;
  field: string | null;
}
/** By the column's header; what it does not name is known by its header, or left out. */
export type ImportMapping = Record<string, string | null>;

/** A file whose rows become rows of the firm; its counts are those of the last run. */
export type Import = Narrow<
  Pick<
    Row<"imports">,
    | "id"
    | "firm_id"
    | "kind"
    | "name"
    | "dry_run"
    | "status"
    | "reason"
    | "detail"
    | "progress"
    | "mapping"
    | "columns"
    | "row_count"
    | "created_count"
    | "updated_count"
    | "unchanged_count"
    | "failed_count"
    | "errors_path"
    | "created_at"
  >,
  {
    kind: ImportKind;
    status: ImportStatus;
    /** What somebody said the columns mean. */
    mapping: ImportMapping;
    /** What they were taken for; also where the file was refused for that. */
    columns: ImportColumn[];
  }
>;

export interface NewImport {
  kind: ImportKind;
  name: string;
  body: Blob;
  /** From 0 to 1. */
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}

/** A row that was not taken, and why. */
export interface Refusal {
  line: string;
  column: string;
  value: string;
  code: string;
  reason: string;
}

export interface ImportsService {
  list(firmId: string): Promise<Import[]>;
  get(id: string): Promise<Import>;
  /**
   * Sends a CSV or XLSX file and tries it out: nothing is written. Members; consultants need a
   * manager. Errors: those of begin_import and start_import; cancelled, offline.
   */
  tryOut(firmId: string, file: NewImport): Promise<Import>;
  /**
   * Once more, or for good; without a mapping with the one it has. Errors: import_running,
   * too_many_imports, unknown_field, …
   */
  start(id: string, how: { dryRun: boolean; mapping?: ImportMapping }): Promise<Import>;
  /** What was written stays. Error: import_over. */
  cancel(id: string): Promise<void>;
  /** The list of refused rows as a CSV file, and the first of them; null where none was. */
  refusals(row: Import): Promise<{ file: Blob; first: Refusal[] } | null>;
  watch(firmId: string, watcher: Watcher<Import>): Stop;
}

/**
 * The mapping that makes of the columns of an import what they shall be: `fields`, in their order.
 * Columns that nothing was ever said of are not in it, as a file may have more than it can hold.
 */
export function mappingOf(row: Import, fields: readonly (string | null)[]): ImportMapping {
  return Object.fromEntries(
    row.columns
      .map(({ column, field: was }, n) => ({ column, was, field: fields[n] ?? null }))
      .filter(({ column, was, field }) => was || field || Object.hasOwn(row.mapping, column))
      .map(({ column, field }) => [column, field]),
  );
}

const COLUMNS = `id, firm_id, kind, name, dry_run, status, reason, detail, progress, mapping,
  columns, row_count, created_count, updated_count, unchanged_count, failed_count, errors_path,
  created_at`;
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

export function supabaseImports(client: Client, project: Project): ImportsService {
  const imports = () => client.from("imports");
  const get = async (id: string) =>
    (await ask(imports().select(COLUMNS).eq("id", id).single())) as unknown as Import;
  const start: ImportsService["start"] = async (id, { dryRun, mapping }) => {
    const how = { dry_run: dryRun, ...(mapping && { mapping }) };
    await ask(client.rpc("start_import", { import_id: id, ...how }));
    return get(id);
  };

  return {
    async list(firmId) {
      const newest = imports()
        .select(COLUMNS)
        .eq("firm_id", firmId)
        .order("created_at", { ascending: false })
        .order("id")
        .limit(50);
      return (await ask(newest)) as unknown as Import[];
    },

    get,

    async tryOut(firmId, { kind, name, body, onProgress, signal }) {
      if (signal?.aborted) throw cancelled();
      const place = await ask(
        client.rpc("begin_import", { firm_id: firmId, kind, name, size_bytes: body.size }),
      );
      try {
        const mime = place.path.endsWith(".xlsx") ? XLSX : "text/csv";
        await send(client, project, { ...place, mime }, { body, onProgress, signal });
        return await start(place.id, { dryRun: true });
      } catch (error) {
        // Where that is out of reach, it expires within the hour.
        await client.rpc("cancel_import", { import_id: place.id });
        throw error;
      }
    },

    start,

    async cancel(id) {
      await ask(client.rpc("cancel_import", { import_id: id }));
    },

    async refusals({ errors_path }) {
      if (!errors_path) return null;
      const file = await ask(client.storage.from("imports").download(errors_path));
      return { file, first: await firstOf(file) };
    },

    watch: (firmId, watcher) => watchRows(client, "imports", firmId, get, watcher),
  };
}

const FIRST = 20;
const FIRST_BYTES = 65_536;

/** The first rows of a list of refused ones, however long it is. */
export async function firstOf(file: Blob): Promise<Refusal[]> {
  const rows = parseCsv(await file.slice(0, FIRST_BYTES).text());
  // Its last row may have been cut.
  if (file.size > FIRST_BYTES) rows.pop();
  return rows
    .slice(1, FIRST + 1)
    .map(([line = "", column = "", value = "", code = "", reason = ""]) => ({
      ...{ line, column, value, code, reason },
    }));
}

/** RFC 4180, as the server writes it. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain, end] of text
    .replace(/^\uFEFF/, "")
    .matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
    if (end === ",") continue;
    if (row.length > 1 || row[0]) rows.push(row);
    row = [];
  }
  return rows;
}
