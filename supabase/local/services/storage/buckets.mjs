import { allowDelete, findBucket, ownerColumns } from "./database.mjs";
import { accessDenied, bucketNotEmpty, noSuchBucket } from "./errors.mjs";
import { checkBucketName, checkMimePatterns, parseSizeLimit } from "./limits.mjs";
import { check, readBody } from "./schemas.mjs";
import { toBucket } from "./shapes.mjs";

export async function listBuckets({ query, db }) {
  const { limit, offset, sortColumn, sortOrder, search } = check(
    "bucketList",
    "querystring",
    query,
  );
  const rows = await db.asCaller(
    (tx) => tx`
      select * from storage.buckets
      where strpos(name, ${search ?? ""}) > 0
      order by ${tx(sortColumn ?? "name")} ${sortOrder === "desc" ? tx`desc` : tx`asc`}
      limit ${limit ?? null} offset ${offset ?? 0}`,
  );
  return rows.map(toBucket);
}

export async function getBucket({ params, db }) {
  return toBucket(await db.asCaller((tx) => findBucket(tx, params.bucket)));
}

export async function createBucket({ request, caller, db }) {
  const { id, name, ...settings } = await readBody(request, "bucketCreate");
  const bucket = {
    id: id ?? name,
    name,
    public: false,
    ...columns(settings),
    ...ownerColumns(caller.claims.sub),
  };
  checkBucketName(bucket.name);
  checkBucketName(bucket.id);
  await db.asCaller((tx) => tx`insert into storage.buckets ${tx(bucket)}`);
  return { name };
}

export async function updateBucket({ params, request, db }) {
  const changes = columns(await readBody(request, "bucketUpdate"));
  const { count } = await db.asCaller(
    (tx) => tx`
      update storage.buckets set ${tx({ ...changes, updated_at: new Date() })}
      where id = ${params.bucket}`,
  );
  if (count === 0) throw noSuchBucket();
  return { message: "Successfully updated" };
}

/** The settings that were sent, as columns; what was left out stays as it is. */
function columns(settings) {
  const { public: isPublic, file_size_limit, allowed_mime_types } = settings;
  checkMimePatterns(allowed_mime_types);
  const values = {
    public: isPublic ?? undefined,
    file_size_limit: parseSizeLimit(file_size_limit),
    allowed_mime_types,
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Hosted does this in the background and says so; here it is done when the answer comes. */
export async function emptyBucket({ params, db, files }) {
  const id = params.bucket;
  const removed = await db.asCaller(async (tx) => {
    await findBucket(tx, id);
    await allowDelete(tx);
    const rows = await tx`delete from storage.objects where bucket_id = ${id} returning version`;
    const [left] = await tx`select name from storage.objects where bucket_id = ${id} limit 1`;
    if (left) {
      throw accessDenied(
        `Cannot delete: ${left.name}, you may have SELECT but not DELETE permissions`,
      );
    }
    return rows;
  });
  await files.remove(removed.map(({ version }) => version));
  return { message: "Empty bucket has been queued. Completion may take up to an hour." };
}

export async function deleteBucket({ params, db }) {
  const id = params.bucket;
  await db.asService(async (tx) => {
    await findBucket(tx, id);
    const [object] = await tx`select from storage.objects where bucket_id = ${id} limit 1`;
    if (object) throw bucketNotEmpty();
  });
  const { count } = await db.asCaller(async (tx) => {
    await allowDelete(tx);
    return tx`delete from storage.buckets where id = ${id}`;
  });
  if (count === 0) throw noSuchBucket();
  return { message: "Successfully deleted" };
}
