import { badValue } from "../errors.ts";
import { type ListQuery, PAGE, type Page, pageOf } from "../lists.ts";
import { newestFirst } from "./backend.ts";

/** Per field, whether the server would take a value. */
export type Rules<Values> = {
  [Field in keyof Values]?: (value: NonNullable<Values[Field]>) => boolean;
};

/** What the table's checks do. */
export function check<Values extends object>(values: Values, rules: Rules<Values>): void {
  for (const field of Object.keys(rules) as (keyof Values & string)[]) {
    const value = values[field];
    if (value !== undefined && value !== null && !rules[field]?.(value)) throw badValue(field);
  }
}

export const isLine = (text: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  text.trim().length > 0 && text.length <= 200 && !/[\x00-\x1f\x7f]/.test(text);

interface Listed {
  id: string;
  firm_id: string;
  status: string;
  created_at: string;
  archived_at: string | null;
}

/** One page of a firm's rows, as the server lists them. */
export function list<T extends Listed>(
  rows: T[],
  firmId: string,
  query: ListQuery,
  words: (row: T) => string,
): Page<T> {
  const { search = "", status, after, limit = PAGE } = query;
  const wanted = plainWords(search);
  const found = rows
    .filter((row) => row.firm_id === firmId && row.archived_at === null)
    .filter((row) => !status || row.status === status)
    .filter((row) => {
      const has = plainWords(words(row));
      return wanted.every((word) => has.some((one) => one.startsWith(word)));
    })
    .sort(newestFirst);
  if (wanted.length > 0) return { rows: structuredClone(found), next: null };
  const [at = ""] = after?.split(" ") ?? [];
  const rest = after ? found.filter((row) => row.created_at < at) : found;
  return structuredClone(pageOf(rest, limit));
}

function plainWords(text: string): string[] {
  return text
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .split(/[^\p{Letter}\p{Number}]+/u)
    .filter(Boolean);
}
