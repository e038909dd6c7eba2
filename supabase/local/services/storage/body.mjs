import busboy from "busboy";
import { brokenOff, noContent } from "./errors.mjs";

/**
 * The file in an upload, before any of its bytes are read: a bare body, or the first file of a
 * multipart form. Fields of the form count when they come before the file.
 *
 * @typedef {object} Incoming
 * @property {AsyncIterable<Buffer>} stream fails with InvalidRequest when the client breaks off
 * @property {string} mimetype
 * @property {string} cacheControl
 * @property {unknown} userMetadata null when there is none
 * @property {() => void} drain reads on and drops what comes: a client that is still sending
 *   would not read the answer
 */

/**
 * @param {Headers} headers
 * @param {import("node:http").IncomingMessage} source read as it is: by way of a Request each byte
 *   would go through two more streams
 * @returns {Promise<Incoming>}
 * @throws {import("./errors.mjs").StorageError} InvalidRequest when there is no file
 */
export function openBody(headers, source) {
  const contentType = headers.get("content-type");
  return contentType?.startsWith("multipart/form-data")
    ? openForm(source, contentType)
    : openBare(source, contentType, headers);
}

async function openBare(source, contentType, headers) {
  return {
    stream: intact(source),
    drain: () => source.resume(),
    mimetype: contentType ?? "application/octet-stream",
    cacheControl: headers.get("cache-control") ?? "no-cache",
    userMetadata: metadataHeader(headers),
  };
}

/** Custom metadata where it travels in a header: JSON in base64. */
export function metadataHeader(headers) {
  const encoded = headers.get("x-metadata");
  return parse(encoded && Buffer.from(encoded, "base64").toString());
}

function openForm(source, contentType) {
  return new Promise((resolve, reject) => {
    const drain = () => source.unpipe().resume();
    const fail = () => {
      drain();
      reject(noContent());
    };
    let form;
    try {
      form = busboy({ headers: { "content-type": contentType }, limits: { files: 1, fields: 10 } });
    } catch {
      return fail();
    }
    const fields = {};
    form.on("field", (name, value) => {
      fields[name] = value;
    });
    form.on("file", (_name, stream, { mimeType }) =>
      resolve({
        stream: intact(stream),
        drain,
        mimetype: fields.contentType ?? mimeType,
        cacheControl: fields.cacheControl ? `max-age=${fields.cacheControl}` : "no-cache",
        userMetadata: parse(fields.metadata ?? fields.userMetadata),
      }),
    );
    form.on("error", fail);
    form.on("close", fail);
    source.on("error", (error) => form.destroy(error));
    source.pipe(form);
  });
}

/** The stream, with one kind of failure. A client may break off before anybody listens. */
function intact(stream) {
  stream.on("error", () => {});
  return chunks(stream);
}

async function* chunks(stream) {
  try {
    yield* stream;
  } catch {
    throw brokenOff();
  }
}

// Metadata that is no JSON is dropped, as on hosted.
function parse(json) {
  try {
    return json ? JSON.parse(json) : null;
  } catch {
    return null;
  }
}
