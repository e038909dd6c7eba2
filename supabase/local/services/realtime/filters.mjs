/**
 * What a client asks of postgres_changes: `{ event, schema, table, filter, select }`. The filter
 * is written `column=operator.value`, several joined by commas, `not.` before the operator.
 *
 * @typedef {{ column: string, operator: string, value: string, negate: boolean }} Filter
 *
 * @typedef {object} Binding
 * @property {"*" | "INSERT" | "UPDATE" | "DELETE"} action
 * @property {string} schema `*` is any
 * @property {string} table `*` is any
 * @property {Filter[]} filters all must hold
 * @property {string[] | null} select columns to send; null is all
 */

const SYMBOLS = {
  eq: "=",
  neq: "<>",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  in: "= any",
  like: "like",
  ilike: "ilike",
  match: "~",
  imatch: "~*",
};
const OPERATORS = [...Object.keys(SYMBOLS), "is", "isdistinct"];
const KEYWORDS = ["null", "true", "false", "unknown"];

/** The subscription makes no sense, now or later; the message is for the client. */
export class BindingRefused extends Error {}

/**
 * @param {Record<string, any>} wanted
 * @returns {Binding}
 * @throws {BindingRefused}
 */
export function parseBinding(wanted) {
  const { event, schema, table, filter, select } = wanted;
  if (
    (typeof schema !== "string" && typeof table !== "string") ||
    ![schema, table, filter].every((field) => field === undefined || typeof field === "string") ||
    (filter !== undefined && (schema === undefined || table === undefined))
  ) {
    throw new BindingRefused(
      "No subscription params provided. Please provide at least a `schema` or `table` to " +
        `subscribe to: ${JSON.stringify(wanted)}`,
    );
  }
  const action = typeof event === "string" ? event.toUpperCase() : "*";
  const binding = {
    action: ["INSERT", "UPDATE", "DELETE"].includes(action) ? action : "*",
    schema: schema ?? "public",
    table: table ?? "*",
    filters: split(filter ?? "").map(parseFilter),
    select: parseSelect(select),
  };
  if (binding.select && [binding.schema, binding.table].includes("*")) {
    throw new BindingRefused(
      "Column selection is not supported for wildcard subscriptions. " +
        "Provide an explicit schema and table name.",
    );
  }
  return binding;
}

/**
 * @param {Filter} filter
 * @param {string} left the column's value, in SQL
 * @param {string} type the column's type, in SQL
 * @param {string} parameter that carries the filter's value as text, in SQL
 * @returns {string} a condition in SQL
 */
export function toSql({ operator, value, negate }, left, type, parameter) {
  const not = negate ? "not " : "";
  // A parameter that no condition mentions would have no type.
  if (operator === "is") {
    return `(${left} is ${not}${keyword(value)} and ${parameter}::text is not null)`;
  }
  const right = `(${parameter}::text)::${type}${operator === "in" ? "[]" : ""}`;
  if (operator === "isdistinct") return `${left} is ${negate ? "not " : ""}distinct from ${right}`;
  return `${not}(${left} ${SYMBOLS[operator]} (${right}))`;
}

function keyword(value) {
  if (KEYWORDS.includes(value)) return value;
  throw new BindingRefused("invalid value for is filter: must be null, true, false, or unknown");
}

function parseSelect(select) {
  if (typeof select === "string") {
    throw new BindingRefused("Error parsing `select` params: expected a list of column names");
  }
  const columns = Array.isArray(select) ? select.filter((name) => typeof name === "string") : [];
  return columns.length > 0 ? columns : null;
}

/** Splits at the commas outside of parentheses and quotes. */
function split(filter) {
  if (filter.trim() === "") return [];
  const parts = [""];
  let depth = 0;
  let quoted = false;
  for (const [character, escaped] of characters(filter)) {
    const last = parts[parts.length - 1];
    if (character === '"' && !escaped && (quoted || /[.(,]$/.test(last))) quoted = !quoted;
    if (!quoted && character === "(") depth += 1;
    if (!quoted && character === ")") depth = Math.max(0, depth - 1);
    if (character === "," && depth === 0 && !quoted) parts.push("");
    else parts[parts.length - 1] = last + character;
  }
  return parts;
}

function* characters(filter) {
  let escaped = false;
  for (const character of filter) {
    yield [character, escaped];
    escaped = character === "\\" && !escaped;
  }
}

function parseFilter(part) {
  const [, column, not, operator, value] =
    part.trim().match(/^([^=]+)=(not\.)?([^.]*)\.(.*)$/s) ?? [];
  if (!OPERATORS.includes(operator)) {
    throw new BindingRefused(`Error parsing \`filter\` params: ${JSON.stringify([part])}`);
  }
  return { column, operator, value: literal(operator, value), negate: not !== undefined };
}

function literal(operator, value) {
  if (operator !== "in") return unquoted(value);
  if (!/^\(.*\)$/s.test(value)) {
    throw new BindingRefused(
      "Error parsing `filter` params: `in` filter value must be wrapped by parentheses",
    );
  }
  return `{${value.slice(1, -1)}}`;
}

function unquoted(value) {
  const inner = value.match(/^"((?:[^"\\]|\\.)*)"$/s)?.[1];
  return inner === undefined ? value : inner.replace(/\\(.)/gs, "$1");
}
