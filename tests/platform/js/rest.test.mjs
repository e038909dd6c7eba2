// The Data API through supabase-js, on the table and functions of test_rest.py.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { before, test } from "node:test";

const require = createRequire(new URL("../../../supabase/local/package.json", import.meta.url));
const { createClient } = require("@supabase/supabase-js");

const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY } = process.env;
const settings = { auth: { persistSession: false, autoRefreshToken: false } };
const service = createClient(SUPABASE_URL, SUPABASE_SECRET_KEY, settings);
const visitor = createClient(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, settings);
const reader = createClient(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, settings);
const title = `A title ${randomUUID()}`;

before(async () => {
  const account = { email: `${randomUUID()}@example.com`, password: "correct horse battery" };
  await service.auth.admin.createUser({ ...account, email_confirm: true });
  await reader.auth.signInWithPassword(account);
});

test("rows are written, read, changed and removed", async () => {
  const made = await reader
    .from("books")
    .insert({ title, rating: 3, tags: ["a"] })
    .select();
  assert.equal(made.status, 201);
  const [{ id }] = made.data;

  const read = await reader
    .from("books")
    .select("title, shelves(name)", { count: "exact" })
    .eq("title", title)
    .contains("tags", ["a"])
    .order("id")
    .range(0, 9);
  assert.deepEqual([read.count, read.data], [1, [{ title, shelves: null }]]);

  const changed = await reader.from("books").update({ rating: 4 }).eq("id", id).select().single();
  assert.equal(changed.data.rating, 4);
  const merged = await reader.from("books").upsert({ id, title, rating: 5 }).select().single();
  assert.equal(merged.data.rating, 5);
  const counted = await reader.rpc("count_books", { at_least: 5 });
  assert.equal(counted.data, 1);
  const removed = await reader.from("books").delete().eq("id", id);
  assert.deepEqual([removed.status, removed.error], [204, null]);
});

test("one row, or none, or an error", async () => {
  const none = await reader.from("books").select().eq("title", title).maybeSingle();
  assert.deepEqual([none.data, none.error], [null, null]);
  const missing = await reader.from("books").select().eq("title", title).single();
  assert.deepEqual([missing.status, missing.error.code], [406, "PGRST116"]);
});

test("errors carry code, message, details and hint", async () => {
  const { error, status } = await reader.rpc("refuse");
  assert.equal(status, 409);
  const { code, message, details, hint } = error;
  assert.deepEqual(
    { code, message, details, hint },
    {
      code: "PT409",
      message: "No.",
      details: "stable_code",
      hint: "Try less.",
    },
  );
});

test("grants decide", async () => {
  const { error, status } = await visitor.from("books").select();
  assert.deepEqual([status, error.code], [401, "42501"]);
  const forbidden = await reader.from("shelves").insert({ id: 9, name: "Ninth" });
  assert.deepEqual([forbidden.status, forbidden.error.code], [403, "42501"]);
});

test("a wrong key and a forged token are told apart", async () => {
  const wrong = createClient(SUPABASE_URL, "sb_publishable_nonsense", settings);
  const { error, status } = await wrong.from("books").select();
  assert.deepEqual([status, error.message], [401, "Invalid API key"]);

  const accessToken = async () => "a.b.c";
  const forged = createClient(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, { accessToken });
  const refused = await forged.from("books").select();
  assert.deepEqual([refused.status, refused.error.code], [401, "PGRST301"]);
});
