import type { Client, Narrow, Project, Row } from "./client.ts";
import { ask, cancelled } from "./errors.ts";
import { type Stop, type Watcher, watchRows } from "./live.ts";
import { send } from "./transfer.ts";

export const IMPORT_KINDS = ["companies", "consultants", "contracts"] as const;
export type ImportKind = (typeof IMPORT_KINDS)[number];
export type ImportStatus = "uploading" | "queued" | "running" | "done" | "failed" | "cancelled";

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
    /** What each column was taken for; null: left out. */
    columns: { column: string; field: string | null }[];
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
  /** Once more, or for good. Errors: import_running, too_many_imports, … */
  start(id: string, how: { dryRun: boolean }): Promise<Import>;
  /** What was written stays. Error: import_over. */
  cancel(id: string): Promise<void>;
  /** The list of refused rows as a CSV file, and the first of them; null where none was. */
  refusals(row: Import): Promise<{ file: Blob; first: Refusal[] } | null>;
  watch(firmId: string, watcher: Watcher<Import>): Stop;
}

const COLUMNS = `id, firm_id, kind, name, dry_run, status, reason, detail, progress, columns,
  row_count, created_count, updated_count, unchanged_count, failed_count, errors_path, created_at`;
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

export function supabaseImports(client: Client, project: Project): ImportsService {
  const imports = () => client.from("imports");
  const get = async (id: string) =>
    (await ask(imports().select(COLUMNS).eq("id", id).single())) as unknown as Import;
  const start = async (id: string, dryRun: boolean) => {
    await ask(client.rpc("start_import", { import_id: id, dry_run: dryRun }));
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
        return await start(place.id, true);
      } catch (error) {
        // Where that is out of reach, it expires within the hour.
        await client.rpc("cancel_import", { import_id: place.id });
        throw error;
      }
    },

    start: (id, { dryRun }) => start(id, dryRun),

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
