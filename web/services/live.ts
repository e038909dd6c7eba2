import type { Client } from "./client.ts";
import { ServiceError } from "./errors.ts";

/** Ends a subscription. */
export type Stop = () => void;

/** Who is told what happens, as long as it happens. */
export interface Watcher<T> {
  /**
   * From now on nothing is missed. Called once, and again whenever the connection was lost and is
   * back, or something changed that could not be read: read the list here, and all is covered.
   */
  ready(): void;
  changed(row: T): void;
  /** The connection is lost; `ready` follows when it is back. */
  lost?(): void;
}

const REJOIN_MS = 1000;

type LiveTable = "contracts" | "files" | "firm_exports" | "imports" | "notifications" | "reports";

/**
 * Watches the rows of a firm that the caller may read. Each change is read again by its id: a row
 * as Realtime sends it may be cut, and lacks what is joined to it.
 */
export function watchRows<T>(
  client: Client,
  table: LiveTable,
  firmId: string,
  read: (id: string) => Promise<T>,
  watcher: Watcher<T>,
): Stop {
  let isUp = false;
  const queue = oneByOne(read, {
    changed: (row) => watcher.changed(row),
    // While the line is down, `ready` comes when it is back.
    missed: () => isUp && watcher.ready(),
  });
  let isStopped = false;
  let again: ReturnType<typeof setTimeout>;
  const join = () =>
    client
      .channel(`${table} ${crypto.randomUUID()}`)
      .on(
        "postgres_changes",
        { event: "*", schema: "public", table, filter: `firm_id=eq.${firmId}` },
        ({ new: row }) => "id" in row && queue.add(row.id),
      )
      // A channel is joined a moment before the database's changes reach it.
      .on("system", {}, ({ extension, status }) => {
        if (extension !== "postgres_changes" || status !== "ok") return;
        isUp = true;
        watcher.ready();
      })
      .subscribe((status) => {
        if (status === "SUBSCRIBED" || isStopped) return;
        isUp = false;
        watcher.lost?.();
        // After an error it is joined again; what the server closed, as when a token ran out, is not.
        if (status === "CLOSED") again = setTimeout(() => (channel = join()), REJOIN_MS);
      });
  let channel = join();
  return () => {
    isStopped = true;
    clearTimeout(again);
    queue.stop();
    void client.removeChannel(channel);
  };
}

/** Reads what changed in the order it changed; an older answer never comes after a newer one. */
function oneByOne<T>(
  read: (id: string) => Promise<T>,
  tell: { changed(row: T): void; missed(): void },
) {
  const waiting = new Set<string>();
  let stopped = false;
  let last = Promise.resolve();
  const next = async (id: string): Promise<void> => {
    waiting.delete(id);
    if (stopped) return;
    let row: T;
    try {
      row = await read(id);
    } catch (error) {
      const isOutOfSight = error instanceof ServiceError && error.code === "not_found";
      if (!isOutOfSight && !stopped) tell.missed();
      return;
    }
    if (!stopped) tell.changed(row);
  };
  return {
    add(id: string): void {
      if (waiting.has(id)) return;
      waiting.add(id);
      last = last.then(() => next(id));
    },
    stop(): void {
      stopped = true;
    },
  };
}
