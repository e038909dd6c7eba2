import { Readable } from "node:stream";
import { findObject } from "./database.mjs";
import { invalidRange, noSuchBucket, noSuchKey } from "./errors.mjs";
import { toInfo } from "./shapes.mjs";

// Of so many bytes, a stream costs more than to have them in memory.
const AT_ONCE = 256 * 1024;

/** An object for whoever may read it: everybody where the bucket is public. */
export async function getObject(call) {
  const { params, db } = call;
  const bucket = await db.bucket(params.bucket);
  return send(call, bucket.public ? db.asService : db.asCaller);
}

export async function getPublicObject(call) {
  await mustBePublic(call);
  return send(call, call.db.asService);
}

export async function getSignedObject(call) {
  const { params, query, signer, db } = call;
  const { exp } = await signer.verify("download", query, params);
  return send(call, db.asService, { expires: new Date(exp * 1000).toUTCString() });
}

export async function getInfo({ params, db }) {
  const bucket = await db.bucket(params.bucket);
  const as = bucket.public ? db.asService : db.asCaller;
  return toInfo(await as((tx) => findObject(tx, params.bucket, params.key)));
}

export async function getPublicInfo(call) {
  await mustBePublic(call);
  return getInfo(call);
}

async function mustBePublic({ params, db }) {
  const bucket = await db.bucket(params.bucket);
  if (!bucket.public) throw noSuchBucket();
}

async function send({ params, query, request, files }, as, { expires } = {}) {
  const { row, file } = await locate(as, files, params);
  try {
    const { size } = await file.stat();
    const headers = describe(row, query, expires);
    const fresh = isFresh(request.headers, headers);
    const range = fresh ? undefined : requestedRange(request.headers, headers.get("etag"), size);
    if (!fresh) headers.set("content-length", range ? range.end - range.start + 1 : size);
    if (range) headers.set("content-range", `bytes ${range.start}-${range.end}/${size}`);
    const status = fresh ? 304 : range ? 206 : 200;
    if (!fresh && request.method !== "HEAD") {
      return new Response(await content(file, size, range), { status, headers });
    }
    await file.close();
    return new Response(null, { status, headers });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Closes the file, at once or at the end of the stream. */
async function content(file, size, range) {
  if (range || size > AT_ONCE) return Readable.toWeb(file.createReadStream(range));
  const bytes = await file.readFile();
  await file.close();
  return bytes;
}

/**
 * The row and its file, open. An overwrite may take the file away between the two looks; the row
 * then names another one.
 */
async function locate(as, files, { bucket, key }, retry = true) {
  const row = await as((tx) => findObject(tx, bucket, key));
  const file = await files.open(row.version);
  if (file) return { row, file };
  if (!retry) throw noSuchKey();
  return locate(as, files, { bucket, key }, false);
}

function describe({ metadata, updated_at }, query, expires) {
  const { eTag, mimetype, cacheControl } = metadata ?? {};
  return new Headers({
    "accept-ranges": "bytes",
    "content-type": harmless(mimetype ?? "application/octet-stream"),
    "last-modified": new Date(updated_at).toUTCString(),
    ...(eTag && { etag: eTag }),
    ...(expires ? { expires } : { "cache-control": cacheControl ?? "no-cache" }),
    ...("download" in query && { "content-disposition": attachment(query.download) }),
  });
}

// Nobody's upload becomes a page on the domain of the API.
function harmless(mimetype) {
  return mimetype.includes("text/html") ? "text/plain" : mimetype;
}

function attachment(name) {
  const encoded = encodeURIComponent(name);
  if (encoded === "") return "attachment;";
  return `attachment; filename=${encoded}; filename*=UTF-8''${encoded};`;
}

/** Whether the client says it has this very version; a tag says so better than a date. */
function isFresh(asked, answer) {
  const tags = asked.get("if-none-match")?.split(/\s*,\s*/);
  if (tags) return tags.includes("*") || tags.map(strong).includes(answer.get("etag"));
  const since = Date.parse(asked.get("if-modified-since") ?? "");
  return Date.parse(answer.get("last-modified")) <= since;
}

function strong(tag) {
  return tag.replace(/^W\//, "");
}

/**
 * The one range that is asked for; several, or one that makes no sense, mean the whole file.
 *
 * @returns {{start: number, end: number} | undefined} inclusive
 * @throws {import("./errors.mjs").StorageError} InvalidRange when it lies outside the file
 */
function requestedRange(headers, eTag, size) {
  const [, first, last] = headers.get("range")?.match(/^bytes=(\d*)-(\d*)$/) ?? [];
  const condition = headers.get("if-range");
  if (!(first || last) || (condition && condition !== eTag)) return undefined;
  const start = first ? Number(first) : Math.max(size - Number(last), 0);
  const end = first && last ? Math.min(Number(last), size - 1) : size - 1;
  if (first && last && Number(last) < start) return undefined;
  if (start > end) throw invalidRange(size);
  return { start, end };
}
