/**
 * An answer of the Storage service that is not a success. As on hosted, the HTTP status is 400
 * for nearly all of them and the body's `statusCode` is the one that tells.
 */
export class StorageError extends Error {
  /**
   * @param {number} statusCode what clients see as `statusCode`
   * @param {string} code stable name of the error
   * @param {string} message
   * @param {object} [options]
   * @param {string} [options.error] older name of the error, where it differs from `code`
   * @param {number} [options.status] HTTP status, where it is not 400
   * @param {Record<string, string>} [options.headers]
   */
  constructor(statusCode, code, message, { error = code, status = 400, headers } = {}) {
    super(message);
    Object.assign(this, { statusCode, code, error, status, headers });
  }

  toResponse() {
    const { statusCode, error, code, message, status, headers } = this;
    return Response.json(
      { statusCode: `${statusCode}`, error, code, message },
      { status, headers },
    );
  }
}

export const noSuchBucket = () =>
  new StorageError(404, "NoSuchBucket", "Bucket not found", { error: "Bucket not found" });

export const noSuchKey = () =>
  new StorageError(404, "NoSuchKey", "Object not found", { error: "not_found" });

export const accessDenied = (message) =>
  new StorageError(403, "AccessDenied", message, { error: "Unauthorized" });

export const invalidRequest = (message) =>
  new StorageError(400, "InvalidRequest", message, { error: "Error" });

export const invalidKey = (key) => new StorageError(400, "InvalidKey", `Invalid key: ${key}`);

export const invalidBucketName = () =>
  new StorageError(400, "InvalidBucketName", "Bucket name invalid", { error: "Invalid Input" });

export const invalidJwt = (message) => new StorageError(400, "InvalidJWT", message);

export const invalidSignature = () =>
  new StorageError(400, "InvalidSignature", "Invalid signature");

export const invalidMimeType = (type) =>
  new StorageError(415, "InvalidMimeType", `mime type ${type} is not supported`, {
    error: "invalid_mime_type",
  });

export const tooLarge = () =>
  new StorageError(413, "EntityTooLarge", "The object exceeded the maximum allowed size", {
    error: "Payload too large",
  });

export const noContent = () => new StorageError(400, "InvalidRequest", "No content provided");

export const brokenOff = () =>
  new StorageError(400, "InvalidRequest", "The upload broke off before its end");

export const invalidRange = (size) =>
  new StorageError(416, "InvalidRange", "invalid range provided", {
    error: "invalid_range",
    status: 416,
    headers: { "content-range": `bytes */${size}` },
  });

export const bucketNotEmpty = () =>
  new StorageError(409, "ResourceNotEmpty", "The bucket you tried to delete is not empty");

export const featureNotEnabled = () =>
  new StorageError(403, "FeatureNotEnabled", "feature not enabled for this tenant", {
    status: 403,
  });

/** Something that exists on hosted only: said plainly, so that nobody looks for a mistake. */
export const notLocal = (feature) =>
  new StorageError(501, "NotSupported", `The local Storage service does not offer ${feature}.`, {
    status: 501,
  });

const duplicate = () =>
  new StorageError(409, "ResourceAlreadyExists", "The resource already exists", {
    error: "Duplicate",
  });

/** What clients hear of an error that Postgres raised; an unexpected one becomes a 500. */
const DATABASE_ERRORS = {
  42501: ({ message }) =>
    accessDenied(
      message.includes("row-level security")
        ? "new row violates row-level security policy"
        : message,
    ),
  23505: duplicate,
  23503: () => new StorageError(404, "InvalidRequest", "The related resource does not exist"),
  "55P03": () => new StorageError(423, "ResourceLocked", "The resource is locked"),
  57014: () =>
    new StorageError(544, "DatabaseTimeout", "The connection to the database timed out", {
      status: 544,
    }),
  "22P02": ({ message }) => new StorageError(400, "InvalidParameter", message),
  22021: ({ message }) => new StorageError(400, "InvalidParameter", message),
};

/** Postgres goes away: that is not about this request, and the gateway answers it. */
const OUTAGE = /^(08|57P)/;

/**
 * @param {Error} error
 * @returns {StorageError}
 * @throws {Error} the same error when it says nothing about the request
 */
export function toStorageError(error) {
  if (error instanceof StorageError) return error;
  if (error.name !== "PostgresError" || OUTAGE.test(error.code)) throw error;
  const message = `database error, code: ${error.code}`;
  return (
    DATABASE_ERRORS[error.code]?.(error) ??
    new StorageError(500, "DatabaseError", message, { status: 500 })
  );
}
