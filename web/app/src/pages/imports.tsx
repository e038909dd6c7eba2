import {
  atLeast,
  IMPORT_KINDS,
  type Import,
  type ImportKind,
  type ImportMapping,
} from "@firmbase/services";
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { asServiceError, useLoad, useWatch } from "../load.ts";
import { go } from "../router.ts";
import { useFirmOf, useSession } from "../session.ts";
import { Facts } from "../ui/facts.tsx";
import { saveBlob } from "../ui/files.tsx";
import { Choice, Form } from "../ui/form.tsx";
import { Icon } from "../ui/icons.tsx";
import { Mapping } from "../ui/mapping.tsx";
import { Badge, Empty, ErrorNote, Loading, NotShown, Page } from "../ui/states.tsx";
import { moment, word } from "../words.ts";

/** A file to import, and what was imported so far. */
export function ImportsPage() {
  const { services, firm, role } = useSession();
  const { data, error, reload } = useLoad(
    () => services.imports.list(firm.firm_id),
    [firm.firm_id],
  );
  return (
    <Page title="Import">
      <div class="columns">
        {atLeast(role, "member") && <Choose />}
        <section class="panel" aria-labelledby="imports-title">
          <header class="panel-head">
            <h2 id="imports-title">So far</h2>
          </header>
          {error && <ErrorNote error={error} retry={reload} />}
          {!data && !error && <Loading lines={2} />}
          {data?.length === 0 && (
            <Empty icon="upload" title="Nothing imported yet">
              <p>Files that were tried out or imported appear here for 30 days.</p>
            </Empty>
          )}
          {data && data.length > 0 && (
            <ul class="people">
              {data.map((row) => (
                <li key={row.id}>
                  <p>
                    <a href={`/imports/${row.id}`}>{row.name}</a>
                    <small>
                      {word(row.kind)} · {moment(row.created_at)}
                    </small>
                  </p>
                  <Badge status={stateOf(row)} />
                </li>
              ))}
            </ul>
          )}
        </section>
      </div>
    </Page>
  );
}

function Choose() {
  const { services, firm, role } = useSession();
  const input = useRef<HTMLInputElement>(null);
  const [share, setShare] = useState<number | null>(null);
  const stop = useRef(new AbortController());
  // Whoever has left is not called back, and nothing goes on without its page or its person.
  useEffect(() => () => stop.current.abort(), []);
  const asked = new URLSearchParams(location.search).get("kind");
  const kinds = IMPORT_KINDS.filter((one) => one !== "consultants" || atLeast(role, "manager"));
  return (
    <section class="panel" aria-labelledby="choose-title">
      <header class="panel-head">
        <h2 id="choose-title">A file of rows</h2>
      </header>
      <p class="lead">
        CSV in UTF-8, or a workbook (XLSX). It is tried out first: you see what would be created and
        which rows are refused, before anything is written.
      </p>
      <Form
        submit="Try it out"
        onSubmit={async ({ kind }) => {
          const body = input.current?.files?.[0];
          if (!body) return;
          try {
            const { id } = await services.imports.tryOut(firm.firm_id, {
              kind: kind as ImportKind,
              name: body.name,
              body,
              onProgress: setShare,
              signal: stop.current.signal,
            });
            if (!stop.current.signal.aborted) go(`/imports/${id}`);
          } finally {
            setShare(null);
          }
        }}
      >
        <Choice name="kind" label="What it holds" options={kinds} value={asked} />
        <div class="field">
          <label for="import-file">File</label>
          <input
            id="import-file"
            ref={input}
            name="file"
            type="file"
            accept=".csv,.xlsx"
            aria-describedby="import-hint"
            required
          />
          <p class="field-hint" id="import-hint">
            The first row names the columns; at most 50 MB.
          </p>
        </div>
        {share !== null && <progress max={1} value={share} aria-label="How much is sent" />}
      </Form>
    </section>
  );
}

/** One import from its trial to its end: where the notification about it leads. */
export function ImportPage({ id }: { id: string }) {
  const { services, firm } = useSession();
  const heading = useRef<HTMLHeadingElement>(null);
  // What columns are, by their place, where it was changed here and not tried out yet.
  const [chosen, setChosen] = useState<ReadonlyMap<number, string | null>>(new Map());
  const { data, error, reload, setData } = useLoad(() => services.imports.get(id), [id]);
  useFirmOf(data?.firm_id);
  useWatch(services.imports.watch, firm.firm_id, {
    ready: reload,
    changed: (changed) => {
      if (changed.id === id) setData(() => changed);
    },
  });
  if (error && !data) {
    const all = <a href="/imports">All imports</a>;
    return <NotShown title="Import" kicker={all} error={error} retry={reload} />;
  }
  if (!data) return <Loading />;
  const start = async (how: { dryRun: boolean; mapping?: ImportMapping }) => {
    const started = await services.imports.start(id, how);
    setChosen(new Map());
    setData(() => started);
    // The button is gone.
    heading.current?.focus();
  };
  const { columns } = data;
  const fields = columns.map(({ field }, n) => (chosen.has(n) ? (chosen.get(n) ?? null) : field));
  const isStale = columns.some(({ field }, n) => field !== fields[n]);
  return (
    <Page
      title={data.name}
      kicker={
        <>
          <a href="/imports">All imports</a> · {word(data.kind)}
        </>
      }
      badge={<Badge status={stateOf(data)} />}
    >
      <Outcome
        row={data}
        heading={heading}
        isStale={isStale}
        onStart={start}
        onChange={(changed) => setData(() => changed)}
      />
      {data.failed_count > 0 && <Refused row={data} />}
      {isOver(data) && columns.length > 0 && (
        <Mapping
          row={data}
          fields={fields}
          submit={isStale || isInVain(data) ? "Try again with these columns" : null}
          onChange={(place, field) => setChosen(new Map(chosen).set(place, field))}
          onSubmit={(mapping) => start({ dryRun: true, mapping })}
        />
      )}
    </Page>
  );
}

function Outcome(props: {
  row: Import;
  heading: RefObject<HTMLHeadingElement | null>;
  /** Whether columns were changed since: what it says is not what would come of them. */
  isStale: boolean;
  onStart: (how: { dryRun: boolean }) => Promise<void>;
  onChange: (row: Import) => void;
}) {
  const { row, isStale } = props;
  const { services, say } = useSession();
  const { id, kind, status, dry_run: isTrial, created_count, updated_count } = row;
  const [isBusy, setBusy] = useState(false);
  const act = async (action: () => Promise<void>) => {
    setBusy(true);
    await action().catch((reason) => say(asServiceError(reason).message));
    setBusy(false);
  };
  const start = (dryRun: boolean) => act(() => props.onStart({ dryRun }));
  const cancel = () =>
    act(async () => {
      await services.imports.cancel(id);
      props.onChange(await services.imports.get(id));
    });

  const writes = created_count + updated_count;
  const says = isOver(row)
    ? OUTCOMES[stateOf(row)]
    : isTrial
      ? "Being tried out …"
      : "Being imported …";
  return (
    <section class="panel narrow" aria-labelledby="outcome-title">
      <header class="panel-head">
        <h2 id="outcome-title" tabIndex={-1} ref={props.heading}>
          {says}
        </h2>
      </header>
      <p class="visually-hidden" role="status">
        {says}
      </p>
      {!isOver(row) && (
        <p class="lead">
          <progress
            max={100}
            {...(status === "running" ? { value: row.progress } : {})}
            aria-label="How far the import is"
          />
          {isTrial
            ? "Nothing is written yet."
            : "You may leave this page: you are told when it is over."}
        </p>
      )}
      {status === "done" && isTrial && writes === 0 && (
        <p class="lead">Nothing to write: each row is there already, or refused.</p>
      )}
      {status === "failed" && <p class="lead">{row.detail ?? "It could not be read."}</p>}
      {status === "cancelled" && (
        <p class="lead">
          {isTrial ? "Nothing was written." : "What was written stays; starting again goes on."}
        </p>
      )}
      {(row.row_count !== null || status === "running") && status !== "failed" && (
        <Facts
          facts={[
            ["Rows", String(row.row_count ?? "")],
            [isTrial ? "To create" : "Created", String(created_count)],
            [isTrial ? "To update" : "Updated", String(updated_count)],
            ["Unchanged", String(row.unchanged_count)],
            ["Refused", String(row.failed_count)],
          ]}
        />
      )}
      {isStale && status !== "failed" && (
        <p class="lead">The columns were changed: try the file out again before it is imported.</p>
      )}
      <div class="steps">
        {status === "done" && isTrial && writes > 0 && !isStale && (
          <button
            type="button"
            class="button primary"
            disabled={isBusy}
            onClick={() => start(false)}
          >
            Import {writes} {writes === 1 ? "row" : "rows"}
          </button>
        )}
        {status === "done" && !isTrial && (
          <a class="button primary" href={`/${kind}`}>
            To the {kind}
          </a>
        )}
        {status === "cancelled" && !isTrial && !isStale && (
          <button type="button" class="button" disabled={isBusy} onClick={() => start(false)}>
            Go on
          </button>
        )}
        {isInVain(row) && row.columns.length === 0 && (
          <button type="button" class="button" disabled={isBusy} onClick={() => start(true)}>
            Try it out again
          </button>
        )}
        {isOver(row) ? (
          <a class="button" href={`/imports?kind=${kind}`}>
            Another file
          </a>
        ) : (
          <button type="button" class="button" disabled={isBusy} onClick={cancel}>
            Cancel
          </button>
        )}
      </div>
    </section>
  );
}

const OUTCOMES: Record<string, string> = {
  tried_out: "What it would do",
  imported: "What it did",
  failed: "It could not be imported",
  cancelled: "It was cancelled",
};

/** A trial that is done is not the same as an import that is. */
const stateOf = ({ status, dry_run }: Import): string =>
  status === "done" ? (dry_run ? "tried_out" : "imported") : status;

const isOver = ({ status }: Import) => ["done", "failed", "cancelled"].includes(status);

/** Whether it has to be tried out again. */
const isInVain = ({ status, dry_run }: Import) =>
  status === "failed" || (status === "cancelled" && dry_run);

function Refused({ row }: { row: Import }) {
  const { services } = useSession();
  const { data, error, reload } = useLoad(() => services.imports.refusals(row), [row.errors_path]);
  const download = (file: Blob) =>
    saveBlob(file, `Refused rows of ${row.name.replace(/\.\w+$/, "")}.csv`);
  if (!row.errors_path) return null;
  return (
    <section class="panel" aria-labelledby="refused-title">
      <header class="panel-head">
        <h2 id="refused-title">Refused rows</h2>
        {data && (
          <button type="button" class="button small" onClick={() => download(data.file)}>
            <Icon name="download" /> Download the list
          </button>
        )}
      </header>
      {error && <ErrorNote error={error} retry={reload} />}
      {!data && !error && <Loading lines={2} />}
      {data && (
        <ul class="people">
          {data.first.map((one) => (
            <li key={`${one.line} ${one.column} ${one.code}`}>
              <p>
                <span>
                  <strong>Line {one.line}</strong>
                  {one.column && `, ${one.column}`}
                  {one.value && <>: “{one.value}”</>}
                </span>
                <small>{one.reason}</small>
              </p>
            </li>
          ))}
        </ul>
      )}
      {data && row.failed_count > data.first.length && (
        <p class="lead">These are the first; the list has all {row.failed_count}.</p>
      )}
    </section>
  );
}
