import type { Client } from "./client.ts";
import { ask } from "./errors.ts";

export interface Page<T> {
  rows: T[];
  /** Pass it as `after` to get the next page; null on the last one. */
  next: string | null;
}

export interface ListQuery<Status extends string = string> {
  /** What a person typed: words, or their beginnings. */
  search?: string;
  status?: Status;
  after?: string | null;
  limit?: number;
}

interface Listed {
  id: string;
  created_at: string;
}

/** How many rows come where no other limit is asked for; the server sends no more than 999. */
export const PAGE = 50;

/** One page out of a row more than was asked for: whether there is another, without counting. */
export function pageOf<T extends Listed>(rows: T[], limit: number): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    rows: shown,
    next: rows.length > limit && last ? `${last.created_at} ${last.id}` : null,
  };
}

/** The rows behind a cursor, newest first, in the words of PostgREST. */
export function behind(after: string): string {
  const [at, id] = after.split(" ");
  return `created_at.lt."${at}",and(created_at.eq."${at}",id.gt.${id})`;
}

/** The ids of what the words of a person find, the best first: typing errors are forgiven. */
export async function find(
  client: Client,
  firmId: string,
  kinds: ("company" | "consultant" | "contract")[],
  words: string,
  most = 100,
): Promise<string[]> {
  const query = { firm_id: firmId, query: words, kinds, max_rows: most };
  return (await ask(client.rpc("search", query))).map(({ id }) => id);
}

/** Rows in the order of their ids; those of no id behind them, as they came. */
export function inOrder<T extends { id: string }>(ids: string[], rows: T[]): T[] {
  const place = new Map(ids.map((id, n) => [id, n]));
  return rows.toSorted((a, b) => (place.get(a.id) ?? ids.length) - (place.get(b.id) ?? ids.length));
}
