import {
  invalidBucketName,
  invalidKey,
  invalidMimeType,
  StorageError,
  tooLarge,
} from "./errors.mjs";

/** The largest upload in bytes, as on a project with the default settings. */
export const FILE_SIZE_LIMIT = 50 * 1024 * 1024;

// What the hosted service lets through: letters, digits and the punctuation that S3 takes.
const KEY = /^[\w/!\-.*'() &$@=;:+,?]+$/;
const BUCKET_NAME = /^[\w!\-.*'() &$@=;:+,?]{1,100}$/;
const MIME_TYPE = /^[a-zA-Z0-9\-+.]+\/[a-zA-Z0-9\-+.]+(;\s*charset=[a-zA-Z0-9-]+)?$|\*$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const SIZE = /^(\d+(?:\.\d+)?)(gb|mb|kb|b)$/i;
const UNITS = { gb: 1e9, mb: 1e6, kb: 1e3, b: 1 };
const EMPTY_FOLDER = ".emptyFolderPlaceholder";

/** @throws {StorageError} InvalidKey; a dot segment is refused too, as the clients do */
export function checkKey(key) {
  const climbs = key.split("/").some((segment) => segment === "." || segment === "..");
  if (!KEY.test(key) || climbs) throw invalidKey(key);
}

/** @throws {StorageError} InvalidRequest when a download could not send it as a header */
export function checkHeader(name, value = "") {
  if (!HEADER_VALUE.test(value)) {
    const message = `Invalid character in response header "${name}": ${value.slice(0, 50)}`;
    throw new StorageError(400, "InvalidRequest", message, { error: "invalid_header_char" });
  }
}

/** @throws {StorageError} InvalidBucketName */
export function checkBucketName(name) {
  if (!BUCKET_NAME.test(name) || name.trim() !== name) throw invalidBucketName();
}

/**
 * @param {number | string | null | undefined} limit bytes, or a text such as "20MB"
 * @returns {number | null | undefined} bytes
 * @throws {StorageError} when it makes no sense or exceeds the limit of the project
 */
export function parseSizeLimit(limit) {
  const bytes = typeof limit === "string" ? parseSize(limit) : limit;
  if (bytes > FILE_SIZE_LIMIT) throw tooLarge();
  return bytes;
}

function parseSize(text) {
  const match = text.match(SIZE);
  if (!match) {
    const hint = "Invalid file size format, hint: use 20GB / 20MB / 30KB / 3B";
    throw new StorageError(400, "InvalidRequest", hint);
  }
  return Math.round(Number(match[1]) * UNITS[match[2].toLowerCase()]);
}

/** @throws {StorageError} InvalidMimeType */
export function checkMimePatterns(patterns) {
  const wrong = patterns?.find((type) => type.length > 1000 || !MIME_TYPE.test(type));
  if (wrong !== undefined) throw invalidMimeType(wrong);
}

/**
 * How much an upload may hold, and whether its type is welcome. A folder placeholder is of any
 * type, and empty.
 *
 * @param {{file_size_limit: string | null, allowed_mime_types: string[] | null}} bucket
 * @returns {number} bytes
 * @throws {StorageError} InvalidMimeType
 */
export function uploadLimit(bucket, key, mimetype) {
  if (key.endsWith(EMPTY_FOLDER)) return 0;
  const allowed = bucket.allowed_mime_types ?? [];
  if (allowed.length > 0 && !allowed.some((pattern) => matches(pattern, mimetype))) {
    throw invalidMimeType(mimetype);
  }
  return Math.min(bucket.file_size_limit ?? FILE_SIZE_LIMIT, FILE_SIZE_LIMIT);
}

function matches(pattern, mimetype) {
  const [type, subtype] = mimetype.split("/");
  return subtype !== undefined && [`${type}/*`, mimetype].includes(pattern);
}
