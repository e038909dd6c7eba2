import { notFound } from "./errors.ts";
import { newestFirst, type StoredReport, stamped } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import type { Report, ReportsService } from "./reports.ts";

export function memoryReports(caller: Caller): ReportsService {
  const { backend } = caller;
  const { reports } = backend;
  const mayRead = (report: StoredReport) =>
    caller.has(report.firm_id, "manager") ||
    (report.requested_by === caller.account?.id && caller.has(report.firm_id, "member"));
  const find = (id: string) => {
    const report = reports.find((one) => one.id === id);
    if (!report || !mayRead(report)) throw notFound();
    return report;
  };

  return {
    async list(firmId) {
      return reports
        .filter((report) => report.firm_id === firmId && mayRead(report))
        .map(publicly)
        .sort(newestFirst);
    },

    async get(id) {
      return publicly(find(id));
    },

    async request(firmId, format, companyId) {
      caller.require(firmId, "member");
      const report: StoredReport = {
        ...stamped(),
        firm_id: firmId,
        kind: "contract_portfolio",
        format,
        status: "queued",
        progress: 0,
        path: null,
        size_bytes: null,
        detail: null,
        finished_at: null,
        requested_by: caller.signedIn.id,
        body: null,
      };
      reports.push(report);
      backend.changed("reports", report);
      backend.enqueue(() => render(report, companyId));
      return publicly(report);
    },

    async download({ id }) {
      const { body } = find(id);
      if (!body) throw notFound();
      return body;
    },

    watch: (firmId, watcher) =>
      backend.watch(
        "reports",
        (report) => report.firm_id === firmId && mayRead(report),
        publicly,
        watcher,
      ),
  };

  /** The rows of the report; as PDF no more than something to download. */
  function render(report: StoredReport, companyId: string | undefined): void {
    const rows = backend.contracts
      .filter((contract) => contract.firm_id === report.firm_id)
      .filter((contract) => !companyId || contract.company?.id === companyId)
      .map(({ number, title, status }) => `${number},"${title.replaceAll('"', '""')}",${status}`);
    const type = report.format === "csv" ? "text/csv" : "application/pdf";
    const text =
      report.format === "csv" ? ["number,title,status", ...rows].join("\r\n") : "%PDF-1.7";
    report.body = new Blob([text], { type });
    Object.assign(report, {
      status: "ready",
      progress: 100,
      path: `${report.firm_id}/${report.id}.${report.format}`,
      size_bytes: report.body.size,
      finished_at: new Date().toISOString(),
    });
    backend.changed("reports", report);
    backend.notify(report.firm_id, report.requested_by, {
      kind: "report_ready",
      title: "Your report is ready",
      body: `Contract portfolio as ${report.format.toUpperCase()}.`,
      link: `/reports/${report.id}`,
    });
  }
}

function publicly({ body: _, requested_by: __, ...report }: StoredReport): Report {
  return { ...report };
}
