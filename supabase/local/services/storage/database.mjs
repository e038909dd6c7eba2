import { asCaller } from "../keys.mjs";
import { noSuchBucket, noSuchKey } from "./errors.mjs";

const SERVICE = { role: "service_role", claims: { role: "service_role" } };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ROLLBACK = Symbol("rollback");

/**
 * The database for one request. All but `bucket` run `work(tx)` in a transaction of its own.
 *
 * @param {import("postgres").Sql} sql pool of the superuser
 * @param {import("../keys.mjs").Caller} caller
 * @param {string} operation what policies see as storage.operation()
 */
export function forRequest(sql, caller, operation) {
  const settings = { "storage.operation": `storage.${operation}` };
  const run = (who, work) => asCaller(sql, who, work, settings);
  return {
    /** With the rights of the caller: the policies decide. */
    asCaller: (work) => run(caller, work),

    /** With all rights: for what the caller may do in effect, but not by SQL. */
    asService: (work) => run(SERVICE, work),

    /** The settings of a bucket, whoever asks; by itself, so that it needs no transaction. */
    bucket: (id) => findBucket(sql, id),

    /** Whether the caller may do it: done, then rolled back. */
    tryAsCaller: (work) => rehearse((rehearsal) => run(caller, rehearsal), work),

    /** Whether it can be done at all. */
    tryAsService: (work) => rehearse((rehearsal) => run(SERVICE, rehearsal), work),
  };
}

async function rehearse(transaction, work) {
  const outcome = transaction(async (tx) => {
    await work(tx);
    throw ROLLBACK;
  });
  await outcome.catch((error) => {
    if (error !== ROLLBACK) throw error;
  });
}

/** @throws {import("./errors.mjs").StorageError} NoSuchBucket */
export async function findBucket(tx, id) {
  const [bucket] = await tx`select * from storage.buckets where id = ${id}`;
  if (!bucket) throw noSuchBucket();
  return bucket;
}

/** @throws {import("./errors.mjs").StorageError} NoSuchKey */
export async function findObject(tx, bucketId, key) {
  const [row] = await tx`
    select * from storage.objects where bucket_id = ${bucketId} and name = ${key}`;
  if (!row) throw noSuchKey();
  return row;
}

/** Lets a DELETE through for the rest of the transaction. */
export function allowDelete(tx) {
  return tx`select set_config('storage.allow_delete_query', 'true', true)`;
}

/** The two columns that say whose it is; the old one takes a uuid only. */
export function ownerColumns(owner) {
  return { owner: UUID.test(owner ?? "") ? owner : null, owner_id: owner ?? null };
}

/**
 * Nothing is returned, because RETURNING would ask the caller for the right to read.
 *
 * @param {object} object columns of storage.objects
 * @param {boolean} upsert whether a row of the same name is replaced
 * @returns {import("postgres").PendingQuery} to await
 */
export function writeObject(tx, object, upsert) {
  const json = (value) => (value == null ? null : tx.json(value));
  const row = {
    ...object,
    metadata: json(object.metadata),
    user_metadata: json(object.user_metadata),
  };
  return tx`
    insert into storage.objects ${tx(row)}
    ${upsert ? replacing(tx) : tx``}`;
}

function replacing(tx) {
  return tx`
    on conflict (bucket_id, name) do update set
      metadata = excluded.metadata,
      user_metadata = excluded.user_metadata,
      version = excluded.version,
      owner = excluded.owner,
      owner_id = excluded.owner_id`;
}
