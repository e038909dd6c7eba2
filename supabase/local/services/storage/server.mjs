import { Hono } from "hono";
import * as buckets from "./buckets.mjs";
import { forRequest } from "./database.mjs";
import * as downloads from "./downloads.mjs";
import { featureNotEnabled, notLocal, toStorageError } from "./errors.mjs";
import { createFiles } from "./files.mjs";
import * as listing from "./listing.mjs";
import * as objects from "./objects.mjs";
import * as signing from "./signing.mjs";
import * as uploads from "./uploads.mjs";

const KEY = ":bucket/:key{[\\s\\S]+}";

/** Method, path, operation (what policies see as storage.operation()) and handler. */
const ROUTES = [
  ["GET", "/bucket", "bucket.list", buckets.listBuckets],
  ["POST", "/bucket", "bucket.create", buckets.createBucket],
  ["GET", "/bucket/:bucket", "bucket.get", buckets.getBucket],
  ["PUT", "/bucket/:bucket", "bucket.update", buckets.updateBucket],
  ["DELETE", "/bucket/:bucket", "bucket.delete", buckets.deleteBucket],
  ["POST", "/bucket/:bucket/empty", "bucket.empty", buckets.emptyBucket],

  ["POST", "/object/list/:bucket", "object.list", listing.listObjects],
  ["POST", "/object/list-v2/:bucket", "object.list_v2", listing.listObjectsV2],
  ["POST", "/object/copy", "object.copy", objects.copyObject],
  ["POST", "/object/move", "object.move", objects.moveObject],

  ["POST", "/object/sign/:bucket", "object.sign_many", signing.signObjects],
  ["POST", `/object/sign/${KEY}`, "object.sign", signing.signObject],
  ["GET", `/object/sign/${KEY}`, "object.get_signed", downloads.getSignedObject],
  ["POST", `/object/upload/sign/${KEY}`, "object.sign_upload_url", signing.signUpload],
  ["PUT", `/object/upload/sign/${KEY}`, "object.upload_signed", uploads.uploadToSignedUrl],

  ["GET", `/object/info/public/${KEY}`, "object.info_public", downloads.getPublicInfo],
  ["GET", `/object/info/authenticated/${KEY}`, "object.get_authenticated_info", downloads.getInfo],
  ["GET", `/object/info/${KEY}`, "object.get_authenticated_info", downloads.getInfo],
  ["GET", `/object/public/${KEY}`, "object.get_public", downloads.getPublicObject],
  ["GET", `/object/authenticated/${KEY}`, "object.get_authenticated", downloads.getObject],

  ["GET", `/object/${KEY}`, "object.get_authenticated", downloads.getObject],
  ["POST", `/object/${KEY}`, "object.upload", uploads.createObject],
  ["PUT", `/object/${KEY}`, "object.upload_update", uploads.updateObject],
  ["DELETE", `/object/${KEY}`, "object.delete", objects.removeObject],
  ["DELETE", "/object/:bucket", "object.delete_many", objects.removeObjects],
];

/** What hosted offers and this service does not, with the error that says so. */
const ABSENT = [
  ["/render/*", featureNotEnabled],
  ["/cdn/*", featureNotEnabled],
  ["/upload/resumable/*", () => notLocal("resumable uploads (TUS)")],
  ["/s3/*", () => notLocal("the S3 protocol")],
  ["/iceberg/*", () => notLocal("analytics buckets")],
  ["/vector/*", () => notLocal("vector buckets")],
];

/**
 * The Storage service, for development and tests only: rows in storage.buckets and
 * storage.objects, bytes on disk, and the real policies in between.
 *
 * @param {import("../config.mjs").Config} config
 * @param {import("postgres").Sql} sql pool of the superuser
 * @returns {(request: Request, caller: import("../keys.mjs").Caller,
 *   incoming: import("node:http").IncomingMessage) => Promise<Response>}
 */
export function createStorage(config, sql) {
  const files = createFiles(config.storageDir);
  const signer = signing.createSigner(config.jwtSecret);
  const ready = once(() =>
    files.sweep(async () => {
      const rows = await sql`select version from storage.objects`;
      return rows.map(({ version }) => version);
    }),
  );

  const app = new Hono().basePath("/storage/v1");
  app.get("/status", () => new Response(null));
  for (const [method, path, operation, handle] of ROUTES) {
    app.on(method, path, async (c) => {
      await ready();
      const { caller, incoming } = c.env;
      const answer = await handle({
        request: c.req.raw,
        incoming,
        params: c.req.param(),
        query: c.req.query(),
        caller,
        db: forRequest(sql, caller, operation),
        files,
        signer,
      });
      return answer instanceof Response ? answer : Response.json(answer);
    });
  }
  for (const [path, error] of ABSENT) app.all(path, () => error().toResponse());
  app.notFound(({ req }) => {
    const message = `Route ${req.method}:${req.path} not found`;
    return Response.json({ message, error: "Not Found", statusCode: 404 }, { status: 404 });
  });
  app.onError((error) => toStorageError(error).toResponse());
  return (request, caller, incoming) => app.fetch(request, { caller, incoming });
}

/** Runs `work` at the first call and, after a failure, at the next. */
function once(work) {
  let running;
  return () => {
    running ??= work().catch((error) => {
      running = undefined;
      throw error;
    });
    return running;
  };
}
