import type { Client, Narrow, Row } from "./client.ts";
import { ask, notFound } from "./errors.ts";
import { type Stop, type Watcher, watchRows } from "./live.ts";

export type ReportFormat = "pdf" | "csv";
export type ReportStatus = "queued" | "rendering" | "ready" | "failed";

export type Report = Narrow<
  Pick<
    Row<"reports">,
    | "id"
    | "firm_id"
    | "kind"
    | "format"
    | "status"
    | "progress"
    | "path"
    | "size_bytes"
    | "detail"
    | "created_at"
    | "finished_at"
  >,
  { format: ReportFormat; status: ReportStatus }
>;

export interface ReportsService {
  /** Those of the firm for managers, else one's own; newest first. */
  list(firmId: string): Promise<Report[]>;
  get(id: string): Promise<Report>;
  /** The contract portfolio, of one client if named. Members. Errors: too_many_reports, … */
  request(firmId: string, format: ReportFormat, companyId?: string): Promise<Report>;
  download(report: Report): Promise<Blob>;
  watch(firmId: string, watcher: Watcher<Report>): Stop;
}

const COLUMNS =
  "id, firm_id, kind, format, status, progress, path, size_bytes, detail, created_at, finished_at";

export function supabaseReports(client: Client): ReportsService {
  const reports = () => client.from("reports");
  const get = async (id: string) =>
    (await ask(reports().select(COLUMNS).eq("id", id).single())) as Report;

  return {
    async list(firmId) {
      const newest = reports()
        .select(COLUMNS)
        .eq("firm_id", firmId)
        .order("created_at", { ascending: false })
        .order("id")
        .limit(50);
      return (await ask(newest)) as Report[];
    },

    get,

    async request(firmId, format, companyId) {
      const id = await ask(
        client.rpc("request_report", {
          firm_id: firmId,
          kind: "contract_portfolio",
          format,
          ...(companyId ? { params: { company_id: companyId } } : {}),
        }),
      );
      return get(id);
    },

    async download({ path }) {
      if (!path) throw notFound();
      return ask(client.storage.from("reports").download(path));
    },

    watch: (firmId, watcher) => watchRows(client, "reports", firmId, get, watcher),
  };
}
