// Storage through supabase-js: run by node --test with SUPABASE_URL and the two keys.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { Readable } from "node:stream";
import { before, test } from "node:test";

const require = createRequire(new URL("../../../supabase/local/package.json", import.meta.url));
const { createClient } = require("@supabase/supabase-js");

const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY } = process.env;
const settings = { auth: { persistSession: false, autoRefreshToken: false } };
const service = createClient(SUPABASE_URL, SUPABASE_SECRET_KEY, settings);
const visitor = createClient(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, settings);

const id = `bucket-${randomUUID()}`;
const files = service.storage.from(id);

before(async () => {
  await ok(service.storage.createBucket(id, { public: false }));
});

/** The data of a call that must succeed. */
async function ok(call) {
  const { data, error } = await call;
  assert.ifError(error);
  return data;
}

/** The error of a call that must fail. */
async function fails(call) {
  const { data, error } = await call;
  assert.equal(data, null);
  return { status: error.status, statusCode: error.statusCode, code: error.code };
}

async function text(path) {
  const blob = await ok(files.download(path));
  return blob.text();
}

test("a bucket is made, read, changed, listed, emptied and deleted", async () => {
  const name = `bucket-${randomUUID()}`;
  const limits = { public: true, fileSizeLimit: "1MB", allowedMimeTypes: ["image/png"] };
  assert.deepEqual(await ok(service.storage.createBucket(name, limits)), { name });
  const bucket = await ok(service.storage.getBucket(name));
  assert.equal(bucket.file_size_limit, 1_000_000);
  assert.deepEqual(bucket.allowed_mime_types, ["image/png"]);
  assert.equal(bucket.type, "STANDARD");
  await ok(service.storage.updateBucket(name, { public: false }));
  assert.equal((await ok(service.storage.getBucket(name))).public, false);
  const listed = await ok(service.storage.listBuckets({ search: name, limit: 5 }));
  assert.deepEqual(
    listed.map((entry) => entry.name),
    [name],
  );
  await ok(service.storage.emptyBucket(name));
  assert.deepEqual(await ok(service.storage.deleteBucket(name)), {
    message: "Successfully deleted",
  });
  const missing = { status: 400, statusCode: "404", code: "NoSuchBucket" };
  assert.deepEqual(await fails(service.storage.getBucket(name)), missing);
});

test("an upload takes every kind of body", async () => {
  const form = new FormData();
  form.append("file", new Blob(["form"], { type: "text/csv" }), "f.csv");
  const bodies = {
    blob: new Blob(["blob"], { type: "text/csv" }),
    file: new File(["file"], "name.csv", { type: "text/csv" }),
    form,
    buffer: Buffer.from("buffer"),
    bytes: new TextEncoder().encode("bytes"),
    array: new TextEncoder().encode("array").buffer,
    string: "string",
    "web stream": new Blob(["web stream"]).stream(),
    "node stream": Readable.from([Buffer.from("node "), Buffer.from("stream")]),
  };
  for (const [name, body] of Object.entries(bodies)) {
    const path = `bodies/${name}`;
    const data = await ok(files.upload(path, body, { contentType: "text/csv" }));
    assert.deepEqual(data, { id: data.id, path, fullPath: `${id}/${path}` });
    assert.equal(await text(path), name);
    const info = await ok(files.info(path));
    assert.equal(info.id, data.id);
    assert.equal(info.contentType, "text/csv");
    assert.equal(info.cacheControl, "max-age=3600");
    assert.equal(info.size, name.length);
  }
});

test("metadata and cache control travel with forms and with bare bodies", async () => {
  const options = { metadata: { k: "é", n: [1] }, cacheControl: "60", contentType: "text/plain" };
  for (const body of [new Blob(["x"]), "x"]) {
    await ok(files.upload("meta", body, { ...options, upsert: true }));
    const info = await ok(files.info("meta"));
    assert.deepEqual(info.metadata, options.metadata);
    assert.equal(info.cacheControl, "max-age=60");
  }
});

test("a name is taken once, unless it is an upsert or an update", async () => {
  await ok(files.upload("once.txt", "one"));
  const duplicate = { status: 400, statusCode: "409", code: "ResourceAlreadyExists" };
  assert.deepEqual(await fails(files.upload("once.txt", new Blob(["two"]))), duplicate);
  await ok(files.upload("once.txt", new Blob(["three"]), { upsert: true }));
  assert.equal(await text("once.txt"), "three");
  await ok(files.update("once.txt", "four"));
  assert.equal(await text("once.txt"), "four");
  await ok(files.update("made by update.txt", new Blob(["five"])));
  assert.equal(await text("made by update.txt"), "five");
});

test("a download is a blob of its type, or a stream", async () => {
  await ok(files.upload("d.csv", "a,b", { contentType: "text/csv" }));
  const blob = await ok(files.download("d.csv"));
  assert.equal(blob.type, "text/csv");
  const stream = await ok(files.download("d.csv").asStream());
  assert.equal(await new Response(stream).text(), "a,b");
  const missing = await files.download("nothing");
  assert.equal(missing.error.code, "NoSuchKey");
});

test("exists tells yes and no", async () => {
  await ok(files.upload("e", "x"));
  assert.equal((await files.exists("e")).data, true);
  assert.equal((await files.exists("not e")).data, false);
});

test("list goes by folder, page, order and search", async () => {
  for (const name of ["b", "a", "c/d"]) await ok(files.upload(`l/${name}`, name));
  const names = async (options) => (await ok(files.list("l", options))).map(({ name }) => name);
  assert.deepEqual(await names(), ["a", "b", "c"]);
  assert.deepEqual(await names({ limit: 1, offset: 1 }), ["b"]);
  assert.deepEqual(await names({ search: "B" }), ["b"]);
  assert.deepEqual(await names({ sortBy: { column: "created_at", order: "desc" } }), [
    "c",
    "a",
    "b",
  ]);
  const [file, , folder] = await ok(files.list("l"));
  assert.equal(folder.id, null);
  assert.equal(file.metadata.size, 1);
});

test("listV2 goes on by cursor", async () => {
  for (const name of ["v/1", "v/2", "v/w/3"]) await ok(files.upload(name, "x"));
  const first = await ok(files.listV2({ prefix: "v/", with_delimiter: true, limit: 2 }));
  assert.deepEqual(
    first.objects.map(({ name }) => name),
    ["v/1", "v/2"],
  );
  assert.equal(first.hasNext, true);
  const { nextCursor: cursor } = first;
  const second = await ok(files.listV2({ prefix: "v/", with_delimiter: true, limit: 2, cursor }));
  assert.deepEqual(
    second.folders.map(({ name }) => name),
    ["v/w/"],
  );
  assert.equal(second.hasNext, false);
});

test("copy, move and remove", async () => {
  await ok(files.upload("m/a", "content", { metadata: { k: 1 } }));
  assert.deepEqual(await ok(files.copy("m/a", "m/b")), { path: `${id}/m/b` });
  assert.deepEqual((await ok(files.info("m/b"))).metadata, { k: 1 });
  await ok(files.copy("m/a", "m/plain", { copyMetadata: false }));
  assert.equal((await ok(files.info("m/plain"))).metadata, null);
  assert.deepEqual(await ok(files.move("m/b", "m/c d")), { message: "Successfully moved" });
  assert.equal(await text("m/c d"), "content");
  const removed = await ok(files.remove(["m/a", "m/c d", "m/nothing"]));
  assert.deepEqual(removed.map(({ name }) => name).sort(), ["m/a", "m/c d"]);
  assert.equal((await fails(files.remove([]))).statusCode, "400");
});

test("a signed url opens a file, with a name to download it by", async () => {
  await ok(files.upload("s/a b.txt", "signed"));
  const { signedUrl } = await ok(files.createSignedUrl("s/a b.txt", 60, { download: "c d.txt" }));
  const answer = await fetch(signedUrl);
  assert.equal(await answer.text(), "signed");
  assert.match(answer.headers.get("content-disposition"), /filename\*=UTF-8''c%20d\.txt/);
  const [one, none] = await ok(files.createSignedUrls(["s/a b.txt", "s/nothing"], 60));
  assert.equal(await (await fetch(one.signedUrl)).text(), "signed");
  assert.equal(none.signedUrl, null);
  assert.match(none.error, /does not exist/);
});

test("a signed upload needs no rights, only its token", async () => {
  const { token, path, signedUrl } = await ok(files.createSignedUploadUrl("u/a.txt"));
  assert.ok(signedUrl.endsWith(token));
  const stranger = visitor.storage.from(id);
  const body = new Blob(["sent"], { type: "text/csv" });
  const data = await ok(stranger.uploadToSignedUrl(path, token, body, { metadata: { by: "t" } }));
  assert.deepEqual(data, { path, fullPath: `${id}/${path}` });
  assert.equal(await text(path), "sent");
  assert.deepEqual((await ok(files.info(path))).metadata, { by: "t" });
  assert.equal((await fails(stranger.uploadToSignedUrl(path, token, "again"))).statusCode, "409");
  assert.equal(
    (await fails(stranger.uploadToSignedUrl("u/b", token, "x"))).code,
    "InvalidSignature",
  );
  assert.equal((await fails(stranger.uploadToSignedUrl(path, "x", "x"))).code, "InvalidJWT");

  const again = await ok(files.createSignedUploadUrl(path, { upsert: true }));
  await ok(stranger.uploadToSignedUrl(path, again.token, Buffer.from("replaced")));
  assert.equal(await text(path), "replaced");
});

test("a public url opens a file in a public bucket", async () => {
  const name = `bucket-${randomUUID()}`;
  await ok(service.storage.createBucket(name, { public: true }));
  await ok(service.storage.from(name).upload("a b.txt", "public"));
  const { data } = service.storage.from(name).getPublicUrl("a b.txt", { download: true });
  const answer = await fetch(data.publicUrl, { headers: { range: "bytes=0-2" } });
  assert.equal(answer.status, 206);
  assert.equal(await answer.text(), "pub");
  assert.equal(answer.headers.get("content-range"), "bytes 0-2/6");
  assert.equal(answer.headers.get("content-disposition"), "attachment;");
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  await ok(service.storage.updateBucket(name, { public: false }));
});

test("a browser may upload from any origin", async () => {
  const answer = await fetch(`${SUPABASE_URL}/storage/v1/object/${id}/cors.txt`, {
    method: "OPTIONS",
    headers: {
      origin: "http://localhost:3000",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,apikey,x-client-info,x-upsert",
    },
  });
  assert.equal(answer.ok, true);
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.match(answer.headers.get("access-control-allow-headers"), /x-upsert/);
});

test("errors have a status, a status code and a code", async () => {
  const denied = { status: 400, statusCode: "403", code: "AccessDenied" };
  assert.deepEqual(await fails(visitor.storage.from(id).upload("x", new Blob(["x"]))), denied);
  const missing = { status: 400, statusCode: "404", code: "NoSuchKey" };
  assert.deepEqual(await fails(files.info("nothing")), missing);
  assert.deepEqual(await fails(files.createSignedUrl("nothing", 60)), missing);
  const unknown = { status: 400, statusCode: "404", code: "NoSuchBucket" };
  assert.deepEqual(await fails(service.storage.from("unknown").upload("x", "x")), unknown);
  const key = { status: 400, statusCode: "400", code: "InvalidKey" };
  assert.deepEqual(await fails(files.upload("é", "x")), key);

  const name = `bucket-${randomUUID()}`;
  const limits = { public: false, fileSizeLimit: 3, allowedMimeTypes: ["text/csv"] };
  await ok(service.storage.createBucket(name, limits));
  const limited = service.storage.from(name);
  const large = { status: 400, statusCode: "413", code: "EntityTooLarge" };
  assert.deepEqual(await fails(limited.upload("x", "four", { contentType: "text/csv" })), large);
  const csv = new Blob(["four"], { type: "text/csv" });
  assert.deepEqual(await fails(limited.upload("x", csv)), large);
  const type = { status: 400, statusCode: "415", code: "InvalidMimeType" };
  assert.deepEqual(await fails(limited.upload("x", new Blob(["x"], { type: "text/plain" }))), type);
});
