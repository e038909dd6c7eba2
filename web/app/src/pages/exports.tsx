import type { ExportPart, FirmExport } from "@firmbase/services";
import { asServiceError, useLoad, useWatch } from "../load.ts";
import { go } from "../router.ts";
import { useFirmOf, useSession } from "../session.ts";
import { save } from "../ui/files.tsx";
import { Form } from "../ui/form.tsx";
import { Icon } from "../ui/icons.tsx";
import { Badge, ErrorNote, Loading, Page } from "../ui/states.tsx";
import { dayOf, moment, size } from "../words.ts";

/** One copy of the firm: where the mail about it leads. */
export function ExportPage({ id }: { id: string }) {
  const { services, firm } = useSession();
  const { data, error, reload, setData } = useLoad(() => services.exports.get(id), [id]);
  useFirmOf(data?.firm_id);
  useWatch(services.exports.watch, firm.firm_id, {
    ready: reload,
    changed: (changed) => {
      if (changed.id === id) setData(() => changed);
    },
  });
  if (error && !data) {
    const isGone = error.code === "not_found";
    return (
      <Page title="Export" kicker={<a href="/settings">Settings</a>}>
        <ErrorNote error={error} {...(isGone ? {} : { retry: reload })} />
        {isGone && (
          <p class="lead">
            An export is kept for seven days and shown to owners of its firm alone. An owner can
            make a new one in the settings.
          </p>
        )}
      </Page>
    );
  }
  if (!data) return <Loading />;
  return (
    <Page
      title="Export of the firm"
      kicker={<a href="/settings">Settings</a>}
      badge={<Badge status={data.status} />}
    >
      <section class="panel narrow" aria-labelledby="parts-title">
        <header class="panel-head">
          <h2 id="parts-title">Everything the firm has here</h2>
        </header>
        <p class="lead">
          Tables as CSV and JSON, and all documents, in ZIP files. Asked for{" "}
          {moment(data.created_at)}; kept until {dayOf(data.expires_at)}.
        </p>
        <State of={data} />
      </section>
    </Page>
  );
}

function State({ of: { status, progress, detail, parts } }: { of: FirmExport }) {
  switch (status) {
    case "queued":
    case "working":
      return (
        <p class="lead">
          <progress
            max={100}
            {...(status === "working" ? { value: progress } : {})}
            aria-label="How far the export is"
          />
          You are told when it is ready.
        </p>
      );
    case "failed":
      return (
        <p class="lead">{detail ?? "It could not be made."} Ask for a new one in the settings.</p>
      );
    case "ready":
      return (
        <ul class="files">
          {parts.map((part, n) => (
            <Part key={part.path} part={part} name={`Part ${n + 1} of ${parts.length}`} />
          ))}
        </ul>
      );
  }
}

function Part({ part, name }: { part: ExportPart; name: string }) {
  const { services, say } = useSession();
  const download = async () => {
    try {
      const { url, name: file } = await services.exports.open(part);
      save(url, file);
    } catch (reason) {
      say(asServiceError(reason).message);
    }
  };
  return (
    <li class="file" data-state="ready">
      <span class="file-picture">
        <Icon name="download" />
      </span>
      <div class="file-facts">
        <p class="file-name">{name}</p>
        <p class="small">{size(part.size_bytes)}</p>
      </div>
      <div class="file-end">
        <button
          type="button"
          class="button small"
          aria-label={`Download ${name.toLowerCase()}`}
          onClick={download}
        >
          <Icon name="download" /> Download
        </button>
      </div>
    </li>
  );
}

/** For owners: a new copy, and those there are. */
export function Exports() {
  const { services, firm } = useSession();
  const { data, error, reload } = useLoad(
    () => services.exports.list(firm.firm_id),
    [firm.firm_id],
  );
  return (
    <section class="panel narrow" aria-labelledby="exports-title">
      <header class="panel-head">
        <h2 id="exports-title">Export</h2>
      </header>
      <p class="lead">A copy of everything the firm has here, to keep or to take elsewhere.</p>
      <Form
        submit="Export the firm"
        onSubmit={async () => {
          const { id } = await services.exports.request(firm.firm_id);
          go(`/settings/exports/${id}`);
        }}
      >
        {null}
      </Form>
      {error && <ErrorNote error={error} retry={reload} />}
      {data && data.length > 0 && (
        <ul class="people">
          {data.map(({ id, status, created_at, expires_at }) => (
            <li key={id}>
              <p>
                <a href={`/settings/exports/${id}`}>Asked for {moment(created_at)}</a>
                <small>Kept until {dayOf(expires_at)}</small>
              </p>
              <Badge status={status} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
