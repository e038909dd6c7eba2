import { atLeast, type Report } from "@firmbase/services";
import { useState } from "preact/hooks";
import { asServiceError, useLoad, useWatch } from "../load.ts";
import { useFirmOf, useSession } from "../session.ts";
import { saveBlob } from "../ui/files.tsx";
import { Choice, Form } from "../ui/form.tsx";
import { Icon } from "../ui/icons.tsx";
import { Badge, Empty, ErrorNote, Loading, Page } from "../ui/states.tsx";
import { moment, size } from "../words.ts";

const FORMATS = [
  { value: "pdf", label: "PDF, to read and to print" },
  { value: "csv", label: "CSV, for a spreadsheet" },
];

export function ReportsPage({ highlight }: { highlight?: string }) {
  const { services, firm, role, say } = useSession();
  const { data, error, reload, setData } = useLoad(
    () => services.reports.list(firm.firm_id),
    [firm.firm_id],
  );
  const put = (report: Report) =>
    setData((seen) =>
      seen?.some((one) => one.id === report.id)
        ? seen.map((one) => (one.id === report.id ? report : one))
        : [report, ...(seen ?? [])],
    );
  useWatch(services.reports.watch, firm.firm_id, { ready: reload, changed: put });
  // A mail may be about a report of another firm, or about one that is gone by now.
  const meant = useLoad(
    async () => (highlight ? services.reports.get(highlight) : null),
    [highlight],
  );
  useFirmOf(meant.data?.firm_id);
  const companies = useLoad(
    () => services.companies.list(firm.firm_id, { limit: 200 }),
    [firm.firm_id],
  );

  return (
    <Page title="Reports">
      <div class="columns">
        {atLeast(role, "member") && (
          <section class="panel" aria-labelledby="request-title">
            <header class="panel-head">
              <h2 id="request-title">Contract portfolio</h2>
            </header>
            <p class="lead">Every contract with its dates, values and what falls due next.</p>
            <Form
              submit="Make the report"
              onSubmit={async ({ format, company_id }) => {
                const kind = format === "csv" ? "csv" : "pdf";
                put(await services.reports.request(firm.firm_id, kind, company_id || undefined));
                say("It will be here in a moment.");
              }}
            >
              <Choice name="format" label="Format" options={FORMATS} value="pdf" />
              <Choice
                name="company_id"
                label="Of"
                options={[
                  { value: "", label: "The whole firm" },
                  ...(companies.data?.rows.map(({ id, name }) => ({ value: id, label: name })) ??
                    []),
                ]}
              />
            </Form>
          </section>
        )}
        <section class="panel" aria-labelledby="reports-title">
          <header class="panel-head">
            <h2 id="reports-title">Made so far</h2>
          </header>
          {error && <ErrorNote error={error} retry={reload} />}
          {meant.error && <ErrorNote error={meant.error} />}
          {!data && !error && <Loading lines={2} />}
          {data?.length === 0 && (
            <Empty icon="reports" title="No reports yet">
              <p>Once you ask for one it appears here, and you are told when it is ready.</p>
            </Empty>
          )}
          {data && data.length > 0 && (
            <ul class="files">
              {data.map((report) => (
                <ReportRow key={report.id} report={report} isMeant={report.id === highlight} />
              ))}
            </ul>
          )}
        </section>
      </div>
    </Page>
  );
}

function ReportRow({ report, isMeant }: { report: Report; isMeant: boolean }) {
  const { services, say } = useSession();
  const [isBusy, setBusy] = useState(false);
  const name = `Contract portfolio.${report.format}`;
  const isWaiting = report.status === "queued" || report.status === "rendering";
  const download = async () => {
    setBusy(true);
    try {
      saveBlob(await services.reports.download(report), name);
    } catch (reason) {
      say(asServiceError(reason).message);
    }
    setBusy(false);
  };
  return (
    <li class="file" data-state={report.status} aria-current={isMeant ? "true" : undefined}>
      <span class="file-picture">
        <Icon name={report.status === "failed" ? "warning" : "reports"} />
      </span>
      <div class="file-facts">
        <p class="file-name">Contract portfolio, {report.format.toUpperCase()}</p>
        {isWaiting ? (
          <progress
            max={100}
            {...(report.status === "rendering" ? { value: report.progress } : {})}
            aria-label="How far the report is"
          />
        ) : (
          <p class={report.status === "failed" ? "file-reason" : "small"}>
            {report.status === "failed" ? (report.detail ?? "It could not be made.") : null}
            {report.size_bytes !== null && `${size(report.size_bytes)} · `}
            {moment(report.created_at)}
          </p>
        )}
      </div>
      <div class="file-end">
        {report.status === "ready" ? (
          <button
            type="button"
            class="button small"
            aria-label={`Download the report as ${report.format.toUpperCase()}`}
            disabled={isBusy}
            onClick={download}
          >
            <Icon name="download" /> Download
          </button>
        ) : (
          <Badge status={report.status} />
        )}
      </div>
    </li>
  );
}
