import { openBody } from "./body.mjs";
import { ownerColumns, writeObject } from "./database.mjs";
import { checkHeader, checkKey, uploadLimit } from "./limits.mjs";

export function createObject({ request, ...call }) {
  const upsert = request.headers.get("x-upsert") === "true";
  return receive({ ...call, request, upsert });
}

export function updateObject(call) {
  return receive({ ...call, upsert: true });
}

async function receive({ params, caller, db, ...upload }) {
  const { Id, Key } = await store({
    ...upload,
    bucketId: params.bucket,
    key: params.key,
    owner: caller.claims.sub,
    tryWrite: db.tryAsCaller,
    db,
  });
  return { Id, Key };
}

/** Whoever holds the token uploads with the rights of the one it was made for. */
export async function uploadToSignedUrl({ params, query, request, incoming, signer, files, db }) {
  const { owner, upsert } = await signer.verify("upload", query, params);
  const { Key } = await store({
    request,
    incoming,
    files,
    bucketId: params.bucket,
    key: params.key,
    owner,
    upsert,
    tryWrite: db.tryAsService,
    db,
  });
  return { Key };
}

/**
 * Takes in a file and puts its row in place. Rights are tried out before a byte is read; the
 * row is written with all rights once the bytes are there.
 */
async function store({ request, incoming, files, db, bucketId, key, owner, upsert, tryWrite }) {
  const body = await openBody(request.headers, incoming);
  try {
    const bucket = await db.bucket(bucketId);
    checkKey(key);
    checkHeader("content-type", body.mimetype);
    checkHeader("cache-control", body.cacheControl);
    const limit = uploadLimit(bucket, key, body.mimetype);
    const row = { bucket_id: bucketId, name: key, ...ownerColumns(owner) };
    await tryWrite((tx) => writeObject(tx, { ...row, version: "1" }, upsert));

    const file = await files.receive(body.stream, limit);
    const metadata = describe(file, body);
    const user_metadata = body.userMetadata;
    const object = { ...row, version: file.version, metadata, user_metadata };
    return await commit({ files, db, object, upsert });
  } catch (error) {
    body.drain();
    throw error;
  }
}

/**
 * Makes an incoming file the content of an object.
 *
 * @returns {Promise<object>} the row, with Id and Key as clients see them
 */
export async function commit({ files, db, object, upsert }) {
  const { bucket_id, name, version } = object;
  const written = db.asService(async (tx) => {
    const current = () => tx`
      select * from storage.objects where bucket_id = ${bucket_id} and name = ${name}`;
    // Sent at once, run one after the other.
    const [, [replaced], , [row]] = await Promise.all([
      tx`select pg_advisory_xact_lock(hashtextextended(${`${bucket_id}/${name}`}, 0))`,
      current(),
      writeObject(tx, object, upsert),
      current(),
    ]);
    await files.keep(version);
    return { row, replaced };
  });
  const { row, replaced } = await written.catch(async (error) => {
    // A lost connection does not tell whether the row is there: then the file stays.
    if (error.name === "PostgresError") await files.remove([version]);
    throw error;
  });
  await files.remove([replaced?.version]);
  return { ...row, Id: row.id, Key: `${bucket_id}/${name}` };
}

function describe({ size, eTag }, { mimetype, cacheControl }) {
  return {
    eTag,
    size,
    mimetype,
    cacheControl,
    lastModified: new Date().toISOString(),
    contentLength: size,
    httpStatusCode: 200,
  };
}
