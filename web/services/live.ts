import type { Client } from "./client.ts";

/** Ends a subscription. */
export type Stop = () => void;

/** Who is told what happens, as long as it happens. */
export interface Watcher<T> {
  /**
   * From now on nothing is missed. Called once, and again whenever the connection was lost and is
   * back: read the list here, and both cases are covered.
   */
  ready(): void;
  changed(row: T): void;
  /** The connection is lost; `ready` follows when it is back. */
  lost?(): void;
}

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
  const queue = oneByOne(read, watcher);
  const channel = client
    .channel(`${table} ${crypto.randomUUID()}`)
    .on(
      "postgres_changes",
      { event: "*", schema: "public", table, filter: `firm_id=eq.${firmId}` },
      ({ new: row }) => "id" in row && queue.add(row.id),
    )
    // A channel is joined a moment before the database's changes reach it.
    .on("system", {}, ({ extension, status }) => {
      if (extension === "postgres_changes" && status === "ok") watcher.ready();
    })
    .subscribe((status) => {
      if (status === "CHANNEL_ERROR" || status === "TIMED_OUT") watcher.lost?.();
    });
  return () => {
    queue.stop();
    void client.removeChannel(channel);
  };
}

/** Reads what changed in the order it changed; an older answer never comes after a newer one. */
function oneByOne<T>(read: (id: string) => Promise<T>, watcher: Watcher<T>) {
  const waiting = new Set<string>();
  let stopped = false;
  let last = Promise.resolve();
  const next = async (id: string): Promise<void> => {
    waiting.delete(id);
    if (stopped) return;
    // Out of sight by now, or out of reach: `ready` comes when it is back.
    const row = await read(id).catch(() => null);
    if (row !== null && !stopped) watcher.changed(row);
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
