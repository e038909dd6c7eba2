import { metadataHeader } from "./body.mjs";
import { allowDelete, findObject, ownerColumns, writeObject } from "./database.mjs";
import { noSuchKey } from "./errors.mjs";
import { checkHeader, checkKey } from "./limits.mjs";
import { readBody } from "./schemas.mjs";
import { toObject } from "./shapes.mjs";
import { commit } from "./uploads.mjs";

export async function removeObject({ params, db, files }) {
  const [removed] = await remove(db, files, params.bucket, [params.key]);
  if (!removed) throw noSuchKey();
  return { message: "Successfully deleted" };
}

/** @returns {Promise<object[]>} what is gone; what the caller may not remove is left out */
export async function removeObjects({ params, request, db, files }) {
  const { prefixes } = await readBody(request, "remove");
  const removed = await remove(db, files, params.bucket, prefixes);
  return removed.map(toObject);
}

async function remove(db, files, bucket, keys) {
  const rows = await db.asCaller(async (tx) => {
    await allowDelete(tx);
    return tx`
      delete from storage.objects where bucket_id = ${bucket} and name = any(${keys})
      returning *`;
  });
  await files.remove(rows.map(({ version }) => version));
  return rows;
}

/** The file stays where it is: only its row gets another name. */
export async function moveObject({ request, caller, db }) {
  const { bucketId, sourceKey, destinationBucket, destinationKey } = await readBody(
    request,
    "move",
  );
  checkKey(destinationKey);
  const { sub } = caller.claims;
  const moved = {
    bucket_id: destinationBucket ?? bucketId,
    name: destinationKey,
    ...(sub && ownerColumns(sub)),
  };
  await db.asCaller(async (tx) => {
    const { id } = await findObject(tx, bucketId, sourceKey);
    const { count } = await tx`update storage.objects set ${tx(moved)} where id = ${id}`;
    if (count === 0) throw noSuchKey();
  });
  return { message: "Successfully moved" };
}

export async function copyObject({ request, caller, db, files }) {
  const body = await readBody(request, "copy");
  const { bucketId, sourceKey, destinationBucket, destinationKey, copyMetadata } = body;
  checkKey(destinationKey);
  checkHeader("content-type", body.metadata?.mimetype);
  checkHeader("cache-control", body.metadata?.cacheControl);
  const upsert = request.headers.get("x-upsert") === "true";
  const target = {
    bucket_id: destinationBucket ?? bucketId,
    name: destinationKey,
    ...ownerColumns(caller.claims.sub),
  };
  const source = await db.asCaller((tx) => findObject(tx, bucketId, sourceKey));
  await db.tryAsCaller((tx) => writeObject(tx, { ...target, version: "1" }, upsert));
  const version = await files.copy(source.version);
  if (!version) throw noSuchKey();
  const object = {
    ...target,
    version,
    metadata: {
      ...source.metadata,
      ...(copyMetadata ? {} : body.metadata),
      lastModified: new Date().toISOString(),
    },
    user_metadata: copyMetadata ? source.user_metadata : metadataHeader(request.headers),
  };
  const { Id, Key, ...row } = await commit({ files, db, object, upsert });
  return { Id, Key, ...toObject(row) };
}
