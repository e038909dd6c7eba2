import type { Client, Narrow, Row } from "./client.ts";
import { ask } from "./errors.ts";
import { type Stop, type Watcher, watchRows } from "./live.ts";

export type ExportStatus = "queued" | "working" | "ready" | "failed";

/** One of the ZIP files an export has; a large firm has several. */
export interface ExportPart {
  path: string;
  size_bytes: number;
}

/** A copy of everything that a firm has here. */
export type FirmExport = Narrow<
  Pick<
    Row<"firm_exports">,
    | "id"
    | "firm_id"
    | "status"
    | "progress"
    | "parts"
    | "detail"
    | "created_at"
    | "finished_at"
    | "expires_at"
  >,
  { status: ExportStatus; parts: ExportPart[] }
>;

/** For owners alone. */
export interface ExportsService {
  /** Those that are still kept, newest first. */
  list(firmId: string): Promise<FirmExport[]>;
  get(id: string): Promise<FirmExport>;
  /** Errors: export_running, too_many_exports. */
  request(firmId: string): Promise<FirmExport>;
  /** An address that saves the part; it works for a minute. */
  open(part: ExportPart): Promise<{ url: string; name: string }>;
  watch(firmId: string, watcher: Watcher<FirmExport>): Stop;
}

const COLUMNS = "id, firm_id, status, progress, parts, detail, created_at, finished_at, expires_at";
const OPEN_SECONDS = 60;

export function supabaseExports(client: Client): ExportsService {
  const exports = () => client.from("firm_exports");
  const get = async (id: string) =>
    (await ask(exports().select(COLUMNS).eq("id", id).single())) as unknown as FirmExport;

  return {
    async list(firmId) {
      const newest = exports()
        .select(COLUMNS)
        .eq("firm_id", firmId)
        .order("created_at", { ascending: false })
        .order("id");
      return (await ask(newest)) as unknown as FirmExport[];
    },

    get,

    async request(firmId) {
      return get(await ask(client.rpc("export_firm", { firm_id: firmId })));
    },

    async open({ path }) {
      const name = path.split("/").at(-1) ?? path;
      const place = client.storage.from("exports");
      const { signedUrl } = await ask(
        place.createSignedUrl(path, OPEN_SECONDS, { download: name }),
      );
      return { url: signedUrl, name };
    },

    watch: (firmId, watcher) => watchRows(client, "firm_exports", firmId, get, watcher),
  };
}
