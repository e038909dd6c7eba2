// supabase-js (protocol 2.0.0) against the local Realtime; test_realtime_channels.py starts it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { after, test } from "node:test";

const require = createRequire(new URL("../../../supabase/local/package.json", import.meta.url));
const { createClient } = require("@supabase/supabase-js");

const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, PASSWORD, PRIVATE_TOPIC, TABLE } = process.env;
const clients = [];

after(async () => {
  for (const client of clients) {
    await client.removeAllChannels();
    await client.realtime.disconnect();
    await client.auth.stopAutoRefresh();
  }
});

function visitor() {
  const client = createClient(SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
  clients.push(client);
  return client;
}

async function signedIn(email) {
  const client = visitor();
  const { data, error } = await client.auth.signInWithPassword({ email, password: PASSWORD });
  assert.equal(error, null);
  await client.realtime.setAuth(data.session.access_token);
  return { client, id: data.user.id };
}

/** Collects what a callback is given; `next()` waits for the next item. */
function ear() {
  const heard = [];
  const waiting = [];
  const listen = (item) => (waiting.length > 0 ? waiting.shift()(item) : heard.push(item));
  const next = () =>
    heard.length > 0
      ? Promise.resolve(heard.shift())
      : new Promise((resolve) => waiting.push(resolve));
  return { listen, next, heard };
}

async function join(channel) {
  const states = ear();
  channel.subscribe((state, error) => states.listen({ state, error }));
  return states.next();
}

async function joined(channel) {
  const { state, error } = await join(channel);
  assert.equal(state, "SUBSCRIBED", error);
  return channel;
}

test("changes reach those who can select the row", async () => {
  const alma = await signedIn(process.env.ALMA);
  const bert = await signedIn(process.env.BERT);
  const [hers, his] = [ear(), ear()];
  const listenTo = { event: "*", schema: "public", table: TABLE };
  await joined(alma.client.channel("changes").on("postgres_changes", listenTo, hers.listen));
  await joined(bert.client.channel("changes").on("postgres_changes", listenTo, his.listen));

  const row = { id: randomUUID(), owner: alma.id, title: "hers" };
  assert.equal((await alma.client.from(TABLE).insert(row)).error, null);
  const added = await hers.next();
  assert.equal(added.eventType, "INSERT");
  assert.deepEqual(added.new, row);
  assert.deepEqual(added.old, {});
  assert.equal(added.errors, null);

  await alma.client.from(TABLE).update({ title: "changed" }).eq("id", row.id);
  const changed = await hers.next();
  assert.equal(changed.new.title, "changed");
  assert.deepEqual(changed.old, { id: row.id });

  await alma.client.from(TABLE).delete().eq("id", row.id);
  for (const heard of [await hers.next(), await his.next()]) {
    assert.equal(heard.eventType, "DELETE");
    assert.deepEqual(heard.old, { id: row.id });
  }
});

test("a filter and several bindings on one channel", async () => {
  const { client, id } = await signedIn(process.env.ALMA);
  const [some, added] = [ear(), ear()];
  const table = { schema: "public", table: TABLE };
  await joined(
    client
      .channel("bindings")
      .on("postgres_changes", { ...table, event: "*", filter: "title=eq.wanted" }, some.listen)
      .on("postgres_changes", { ...table, event: "INSERT" }, added.listen),
  );
  for (const title of ["unwanted", "wanted"]) {
    await client.from(TABLE).insert({ id: randomUUID(), owner: id, title });
  }
  assert.equal((await added.next()).new.title, "unwanted");
  assert.equal((await added.next()).new.title, "wanted");
  assert.equal((await some.next()).new.title, "wanted");
  assert.equal(some.heard.length, 0);
});

test("broadcasts travel as binary frames, JSON and bytes alike", async () => {
  const topic = randomUUID();
  const heard = ear();
  const config = { broadcast: { ack: true, self: false } };
  await joined(visitor().channel(topic).on("broadcast", { event: "*" }, heard.listen));
  const sender = await joined(visitor().channel(topic, { config }));
  const payload = { text: "Grüße 🚀", list: [1, { deep: null }] };
  assert.equal(await sender.send({ type: "broadcast", event: "número", payload }), "ok");
  const message = await heard.next();
  assert.equal(message.event, "número");
  assert.deepEqual(message.payload, payload);

  const bytes = Uint8Array.from([0, 255, 1, 2]);
  const binary = { type: "broadcast", event: "bytes", payload: bytes.buffer };
  assert.equal(await sender.send(binary), "ok");
  assert.deepEqual(new Uint8Array((await heard.next()).payload), bytes);
});

test("broadcasts by HTTP, before and without joining", async () => {
  const topic = randomUUID();
  const heard = ear();
  await joined(visitor().channel(topic).on("broadcast", { event: "*" }, heard.listen));
  const sender = visitor().channel(topic);
  assert.deepEqual(await sender.httpSend("posted", { n: 1 }), { success: true });
  assert.deepEqual((await heard.next()).payload, { n: 1 });
  await sender.httpSend("bytes", Uint8Array.from([7]));
  assert.deepEqual(new Uint8Array((await heard.next()).payload), Uint8Array.from([7]));
});

test("presence: state, join, leave", async () => {
  const topic = randomUUID();
  const [joins, leaves] = [ear(), ear()];
  const watcher = visitor()
    .channel(topic)
    .on("presence", { event: "join" }, joins.listen)
    .on("presence", { event: "leave" }, leaves.listen);
  await joined(watcher);
  const config = { presence: { key: "bert" } };
  const bert = await joined(visitor().channel(topic, { config }));
  assert.equal(await bert.track({ mood: "fine" }), "ok");
  const { key, newPresences } = await joins.next();
  assert.equal(key, "bert");
  assert.equal(newPresences[0].mood, "fine");
  assert.deepEqual(Object.keys(watcher.presenceState()), ["bert"]);
  assert.equal(await bert.untrack(), "ok");
  assert.equal((await leaves.next()).key, "bert");
  assert.deepEqual(watcher.presenceState(), {});
});

test("a private channel admits by policy", async () => {
  const config = { private: true, broadcast: { self: true, ack: true } };
  const stranger = await join(visitor().channel(PRIVATE_TOPIC, { config }));
  assert.equal(stranger.state, "CHANNEL_ERROR");
  assert.match(stranger.error.message, /^Unauthorized: You do not have permissions to read/);

  const heard = ear();
  const alma = await signedIn(process.env.ALMA);
  const channel = alma.client.channel(PRIVATE_TOPIC, { config });
  await joined(channel.on("broadcast", { event: "*" }, heard.listen));
  assert.equal(await channel.send({ type: "broadcast", event: "hello", payload: {} }), "ok");
  assert.equal((await heard.next()).event, "hello");
  assert.equal(await channel.unsubscribe(), "ok");
});
