import { invalidRequest } from "./errors.mjs";
import { readBody } from "./schemas.mjs";
import { toEntry } from "./shapes.mjs";

const PAGE = 1000;

/** One folder, names relative to it. */
export async function listObjects({ params, request, db }) {
  const { prefix, limit, offset, search, sortBy } = await readBody(request, "list");
  const folder = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const levels = `${folder}${search ?? ""}`.split("/").length;
  const rows = await db.asCaller(
    (tx) => tx`
      select * from storage.search(
        ${folder}, ${params.bucket}, ${limit ?? 100}, ${levels}, ${offset ?? 0},
        ${search ?? ""}, ${sortBy?.column ?? "name"}, ${sortBy?.order ?? "asc"}
      )`,
  );
  return rows.map(toEntry);
}

/** A bucket page by page, names in full; with a delimiter one folder of it. */
export async function listObjectsV2({ params, request, db }) {
  const { prefix = "", limit, cursor, with_delimiter, sortBy } = await readBody(request, "listV2");
  const pageSize = Math.min(limit ?? PAGE, PAGE);
  const column = sortBy?.column ?? "name";
  const rows = await db.asCaller((tx) =>
    page(tx, {
      bucket: params.bucket,
      prefix,
      delimited: with_delimiter ?? false,
      time: column === "name" ? tx`'epoch'::timestamptz` : tx(column),
      descending: sortBy?.order === "desc",
      after: cursor && decode(cursor),
      limit: pageSize + 1,
    }),
  );
  const entries = rows.slice(0, pageSize);
  const last = entries.at(-1);
  const hasNext = rows.length > pageSize;
  return {
    hasNext,
    ...(hasNext && { nextCursor: encode(last) }),
    folders: entries.filter(({ id }) => id === null).map(({ name }) => ({ name, key: name })),
    objects: entries.filter(({ id }) => id !== null).map(toPageEntry),
  };
}

function page(tx, { bucket, prefix, delimited, time, descending, after, limit }) {
  const direction = descending ? tx`desc` : tx`asc`;
  const beyond = descending ? tx`<` : tx`>`;
  const from = after
    ? tx`where (sort_time, name) ${beyond} (${after.time}::text::timestamptz, ${after.name})`
    : tx``;
  return tx`
    with matches as (
      select *, date_trunc('milliseconds', ${time}) as sort_time,
        case when ${delimited} then strpos(substr(name, length(${prefix}::text) + 1), '/') else 0 end
          as cut
      from storage.objects
      where bucket_id = ${bucket} and starts_with(name, ${prefix})
    ),
    entries as (
      select left(name, length(${prefix}::text) + cut) collate "C" as name, null::uuid as id,
        null::timestamptz as updated_at, null::timestamptz as created_at,
        null::timestamptz as last_accessed_at, null::jsonb as metadata, min(sort_time) as sort_time
      from matches where cut > 0
      group by 1
      union all
      select name, id, updated_at, created_at, last_accessed_at, metadata, sort_time
      from matches where cut = 0
    )
    select * from entries ${from}
    order by sort_time ${direction}, name ${direction}
    limit ${limit}`;
}

function toPageEntry(row) {
  return { ...toEntry(row), key: row.name };
}

function encode({ name, sort_time }) {
  const position = { name, time: new Date(sort_time).toISOString() };
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** @throws {import("./errors.mjs").StorageError} InvalidRequest */
function decode(cursor) {
  try {
    const { name, time } = JSON.parse(Buffer.from(cursor, "base64url").toString());
    return { name: String(name), time: new Date(time).toISOString() };
  } catch {
    throw invalidRequest("body/cursor must be a cursor of an earlier page");
  }
}
