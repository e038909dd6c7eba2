import { WebSocketServer } from "ws";
import { log } from "../log.mjs";
import { createBroadcast } from "./broadcast.mjs";
import { Changes } from "./changes.mjs";
import { Client } from "./client.mjs";
import { VERSIONS } from "./frames.mjs";
import { Replication } from "./replication.mjs";
import { createVerifier } from "./tokens.mjs";
import { Topics } from "./topics.mjs";

const MAX_FRAME_BYTES = 4_000_000;
const SWEEP_MS = 15_000;
// So long after the last client has gone changes are followed still, as it may come again.
const REST_AFTER_MS = 30_000;
const GOING_AWAY = 1001;
const PUBLICATIONS = ["supabase_realtime", "supabase_realtime_messages_publication"];

/**
 * Supabase Realtime: broadcast, presence and postgres_changes over WebSockets.
 *
 * @param {import("../config.mjs").Config} config
 * @param {import("postgres").Sql} sql
 * @returns {{
 *   upgrade: (request: import("node:http").IncomingMessage, socket: import("node:stream").Duplex,
 *     head: Buffer, caller: import("../keys.mjs").Caller) => void,
 *   broadcast: (request: Request, caller: import("../keys.mjs").Caller) => Promise<Response>,
 *   close: () => Promise<void>,
 * }}
 */
export function createRealtime(config, sql) {
  const topics = new Topics();
  const changes = new Changes(sql);
  const replication = new Replication(config.databaseUrl, PUBLICATIONS, {
    wants: (change) => isMessage(change) || changes.wants(change),
    async deliver(batch) {
      for (const change of batch.filter(isMessage)) announce(topics, change.row);
      await changes.deliver(batch.filter((change) => !isMessage(change)));
    },
  });
  const services = { sql, verify: createVerifier(config), topics, changes, replication };
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  const clients = new Set();
  let rest;
  const sweep = setInterval(() => {
    for (const client of clients) client.expire();
  }, SWEEP_MS);
  forgetOldMessages(sql);

  return {
    upgrade(request, socket, head, caller) {
      const { searchParams } = new URL(request.url, "http://127.0.0.1");
      const version = searchParams.get("vsn") ?? VERSIONS[0];
      if (!VERSIONS.includes(version)) {
        socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      sockets.handleUpgrade(request, socket, head, (ws) => {
        const client = new Client(ws, version, caller, services);
        clients.add(client);
        clearTimeout(rest);
        replication.start();
        ws.on("close", () => {
          clients.delete(client);
          if (clients.size === 0) rest = setTimeout(() => replication.stop(), REST_AFTER_MS);
        });
      });
    },

    broadcast: createBroadcast(services),

    async close() {
      clearInterval(sweep);
      for (const { ws } of clients) ws.close(GOING_AWAY);
      await replication.stop();
      for (const { ws } of clients) ws.terminate();
    },
  };
}

/** Whether the change is a message of realtime.send(), stored in one of the table's partitions. */
function isMessage({ relation: { schema, table } }) {
  return schema === "realtime" && table.startsWith("messages");
}

function announce(topics, { id, topic, event, payload, private: isPrivate }) {
  const [eventText, meta] = [event, { id }].map((value) => JSON.stringify(value));
  const message = `{"type":"broadcast","event":${eventText},"payload":${payload},"meta":${meta}}`;
  topics.broadcast(`realtime:${topic}`, isPrivate === "t", message);
}

// Hosted drops the partitions of realtime.messages after three days.
function forgetOldMessages(sql) {
  sql`delete from realtime.messages where inserted_at < now() - interval '3 days'`.catch((error) =>
    log("error", "realtime.messages", error.message),
  );
}
