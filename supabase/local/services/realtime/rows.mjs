import { toSql } from "./filters.mjs";

/**
 * Turns the text values of the replication stream into JSON, and asks the database who may see
 * which of them. Several rows of one table at a time.
 *
 * @typedef {import("./filters.mjs").Filter} Filter
 *
 * @typedef {object} Column
 * @property {string} name
 * @property {string} typname name of the type, as clients are told
 * @property {string} type the type in SQL
 * @property {boolean} isKey part of the primary key
 * @property {string | null} expression of a generated column, which the stream leaves out
 * @property {string[]} readers roles that may select it
 *
 * @typedef {object} Table
 * @property {string} name qualified, in SQL
 * @property {boolean} hasPolicies row level security is enabled
 * @property {Column[]} columns
 */

/**
 * The table as it is now; null when it is gone.
 *
 * @param {import("postgres").Sql} sql
 * @param {{ schema: string, table: string, columns?: string[] }} relation with the columns that
 *   the stream has; others are left out unless they are generated
 * @param {string[]} roles
 * @returns {Promise<Table | null>}
 */
export async function describe(sql, { schema, table, columns: streamed }, roles) {
  const columns = await sql`
    select
      c.relrowsecurity as "hasPolicies", a.attname as name, t.typname,
      format_type(a.atttypid, -1) as type,
      coalesce(a.attnum = any (i.indkey), false) as "isKey",
      pg_get_expr(d.adbin, d.adrelid) as expression,
      array(
        select role from unnest(${roles}::text[]) as role
        where has_column_privilege(role, c.oid, a.attnum, 'select')
      ) as readers
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisprimary
    left join pg_catalog.pg_attrdef d
      on d.adrelid = c.oid and d.adnum = a.attnum and a.attgenerated <> ''
    where n.nspname = ${schema} and c.relname = ${table} and c.relkind in ('r', 'p')
    order by a.attnum`;
  if (columns.length === 0) return null;
  return {
    name: `${identifier(schema)}.${identifier(table)}`,
    hasPolicies: columns[0].hasPolicies,
    columns: columns.filter(
      ({ name, expression }) => !streamed || streamed.includes(name) || expression !== null,
    ),
  };
}

/**
 * @param {import("postgres").Sql} sql
 * @param {Table} table
 * @param {Record<string, string | null>[]} rows
 * @returns {Promise<Map<string, string>[]>} of each row, column → JSON text; what a row lacks is
 *   absent
 */
export async function render(sql, table, rows) {
  const { columns } = table;
  const cells = columns.map(({ name }) => `to_jsonb(r.${identifier(name)})::text`);
  const rendered = await sql
    .unsafe(`select ${cells} from ${source(table)} order by "#"`, [JSON.stringify(rows)])
    .values();
  return rendered.map((values, index) => {
    const present = columns.map((_, position) => position).filter(isIn(rows[index], table));
    return new Map(present.map((at) => [columns[at].name, values[at] ?? "null"]));
  });
}

/**
 * @param {import("postgres").Sql} sql
 * @param {Table} table
 * @param {Record<string, string | null>[]} rows
 * @param {Filter[]} filters
 * @returns {Promise<Set<number>>} the rows that pass; a row without the column does not
 */
export async function passing(sql, table, rows, filters) {
  const positions = filters.map(({ column }) => columnOf(table, column));
  if (positions.includes(-1)) return new Set();
  const conditions = filters.map((filter, index) => {
    const { name, type } = table.columns[positions[index]];
    return toSql(filter, `r.${identifier(name)}`, type, `$${index + 2}`);
  });
  const found = await sql
    .unsafe(`select "#" - 1 from ${source(table)} where ${conditions.join(" and ")}`, [
      JSON.stringify(rows),
      ...filters.map(({ value }) => value),
    ])
    .values();
  const hasColumns = (row) => positions.every(isIn(rows[row], table));
  return new Set(found.map(([row]) => Number(row)).filter(hasColumns));
}

/**
 * @param {import("postgres").TransactionSql} tx that has the role and claims of the caller
 * @param {Table} table
 * @param {Record<string, string | null>[]} rows
 * @returns {Promise<Set<number>>} the rows whose primary key the caller can select now
 */
export async function visible(tx, table, rows) {
  const keys = table.columns.filter(({ isKey }) => isKey);
  const match = keys.map(
    ({ name, type }) => `t.${identifier(name)} = (e.v ->> ${literal(name)})::${type}`,
  );
  await tx`select set_config('statement_timeout', '8s', true)`;
  const found = await tx
    .unsafe(
      `select e.n - 1 from jsonb_array_elements($1::text::jsonb) with ordinality as e (v, n)
       where exists (select from ${table.name} t where ${match.join(" and ")})`,
      [JSON.stringify(rows)],
    )
    .values();
  return new Set(found.map(([row]) => Number(row)));
}

/**
 * Throws what evaluating the filter would throw later: a value that is none of the column's type,
 * an operator it does not have, a pattern that is none.
 *
 * @param {import("postgres").Sql} sql
 * @param {Column} column
 * @param {Filter} filter
 */
export async function probe(sql, { type }, filter) {
  const left = filter.operator.endsWith("match") ? `''::${type}` : `null::${type}`;
  await sql.unsafe(`select ${toSql(filter, left, type, "$1")}, $1::text`, [filter.value]);
}

/** The rows as a table in SQL: `r`, with the position in `"#"`. */
function source({ columns }) {
  const stored = columns.filter(({ expression }) => expression === null);
  const generated = columns.filter(({ expression }) => expression !== null);
  const values = stored.map(
    ({ name, type }) => `(v ->> ${literal(name)})::${type} as ${identifier(name)}`,
  );
  const computed = generated.map(({ name, expression }) => `${expression} as ${identifier(name)}`);
  return `(
    select s.*${computed.map((item) => `, ${item}`).join("")} from (
      select ${[...values, 'n as "#"'].join(", ")}
      from jsonb_array_elements($1::text::jsonb) with ordinality as e (v, n)
    ) s
  ) r`;
}

/** Whether the row has the column; a generated one needs all others. */
function isIn(row, { columns }) {
  const has = ({ name }) => Object.hasOwn(row, name);
  const isWhole = columns.filter(({ expression }) => expression === null).every(has);
  return (at) => (columns[at].expression === null ? has(columns[at]) : isWhole);
}

function columnOf({ columns }, wanted) {
  return columns.findIndex(({ name }) => name === wanted);
}

function identifier(name) {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text) {
  return `'${text.replaceAll("'", "''")}'`;
}
