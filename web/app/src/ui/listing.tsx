import { type ImportKind, type ListQuery, PAGE, type Page as PageOf } from "@firmbase/services";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { asServiceError, useLoad } from "../load.ts";
import { useSession } from "../session.ts";
import { word } from "../words.ts";
import { Icon, type IconName } from "./icons.tsx";
import { Empty, ErrorNote, Loading } from "./states.tsx";

const TYPING_MS = 200;
/** As many are read anew at once, at most. */
const MOST = 900;

interface Props<T, Status extends string> {
  /** What they are called, in the plural. */
  noun: string;
  icon: IconName;
  columns: string[];
  statuses: readonly Status[];
  load: (query: ListQuery<Status>) => Promise<PageOf<T>>;
  /** Counts up when the list has to be read anew. */
  version?: number;
  /** The row that changed last. */
  changed?: T | null;
  row: (row: T) => ComponentChildren;
  /** What to do while there are none at all. */
  empty: ComponentChildren;
}

/** A list with search, a filter and as many pages as somebody asks for. */
export function Listing<
  T extends { id: string; archived_at: string | null },
  Status extends string,
>(props: Props<T, Status>) {
  const { noun, icon, statuses } = props;
  const { firm } = useSession();
  const asked = new URLSearchParams(location.search);
  const [typed, setTyped] = useState(asked.get("q") ?? "");
  const [search, setSearch] = useState(typed);
  const [status, setStatus] = useState((asked.get("status") ?? "") as Status | "");
  const id = useId();

  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  // So many are read anew: whoever looks at the third page stays on it.
  const shown = useRef(PAGE);
  useEffect(() => {
    shown.current = PAGE;
    // In the address, so that one comes back to what one had found.
    const query = new URLSearchParams({ ...(search && { q: search }), ...(status && { status }) });
    history.replaceState(null, "", location.pathname + (query.size ? `?${query}` : ""));
  }, [search, status]);

  const query = { search, ...(status && { status }) };
  const { data, error, reload, setData } = useLoad(
    () => props.load({ ...query, limit: shown.current }),
    [firm.firm_id, search, status],
  );
  useEffect(() => {
    if (props.version) reload();
  }, [props.version]);
  useEffect(() => {
    const { changed } = props;
    if (!changed) return;
    if (!data?.rows.some((row) => row.id === changed.id)) return reload();
    const put = (row: T) => (row.id === changed.id ? changed : row);
    const isThere = (row: T) => row.archived_at === null;
    setData((seen) => seen && { ...seen, rows: seen.rows.map(put).filter(isThere) });
  }, [props.changed]);
  const [isLoadingMore, setLoadingMore] = useState(false);
  const more = async () => {
    setLoadingMore(true);
    try {
      const page = await props.load({ ...query, after: data?.next ?? null });
      shown.current = Math.min(shown.current + page.rows.length, MOST);
      // Of another search by now, or of a list that was read anew: it does not belong there.
      setData((seen) =>
        seen && seen === data ? { rows: [...seen.rows, ...page.rows], next: page.next } : seen,
      );
    } catch (reason) {
      console.error(asServiceError(reason));
      reload();
    }
    setLoadingMore(false);
  };

  const isFiltered = search !== "" || status !== "";
  return (
    <section aria-label={noun}>
      <search class="filters">
        <div class="search">
          <label class="visually-hidden" for={`${id}-search`}>
            Search {noun}
          </label>
          <Icon name="search" />
          <input
            id={`${id}-search`}
            type="search"
            placeholder={`Search ${noun}`}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
        <label class="visually-hidden" for={`${id}-status`}>
          Status
        </label>
        <select
          id={`${id}-status`}
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value as Status | "")}
        >
          <option value="">Any status</option>
          {statuses.map((one) => (
            <option key={one} value={one}>
              {word(one)}
            </option>
          ))}
        </select>
      </search>
      <p class="visually-hidden" role="status">
        {data && isFiltered && `${data.rows.length} found`}
      </p>
      {error && <ErrorNote error={error} retry={reload} />}
      {!data && !error && <Loading />}
      {data?.rows.length === 0 &&
        (isFiltered ? (
          <Empty icon="search" title={`No ${noun} like that`}>
            <p>Try fewer letters, or another status. Typing errors are forgiven.</p>
            <button
              type="button"
              class="button"
              onClick={() => {
                setTyped("");
                setSearch("");
                setStatus("");
              }}
            >
              Show all
            </button>
          </Empty>
        ) : (
          <Empty icon={icon} title={`No ${noun} yet`}>
            {props.empty}
          </Empty>
        ))}
      {data && data.rows.length > 0 && (
        <div class={`panel rows of-${noun}`}>
          <div class="row head" aria-hidden="true">
            {props.columns.map((column) => (
              <span key={column}>{column}</span>
            ))}
          </div>
          <ul>
            {data.rows.map((row) => (
              <li key={row.id}>{props.row(row)}</li>
            ))}
          </ul>
        </div>
      )}
      {data?.next && (
        <button type="button" class="button more" onClick={more} disabled={isLoadingMore}>
          {isLoadingMore ? "One moment …" : "Show more"}
        </button>
      )}
    </section>
  );
}

/** To the import of many at once, beside the button that adds one. */
export const ImportLink = ({ kind }: { kind: ImportKind }) => (
  <a class="button" href={`/imports?kind=${kind}`}>
    Import
  </a>
);
