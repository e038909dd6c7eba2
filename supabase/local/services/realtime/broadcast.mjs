import { fits } from "./frames.mjs";
import { writeRights } from "./policies.mjs";

const MAX_BYTES = 3_000_000;
const SINGLE = /\/api\/broadcast\/([^/]+)\/events\/([^/]+)$/;

/**
 * Broadcasts over HTTP: a batch as JSON `{ messages: [{ topic, event, payload, private }] }`, or
 * one message whose topic and event are in the path and whose body is the payload.
 *
 * @param {import("./channel.mjs").Services} services
 * @returns {(request: Request, caller: import("../keys.mjs").Caller) => Promise<Response>}
 */
export function createBroadcast(services) {
  return async (request, caller) => {
    const url = new URL(request.url);
    const body = Buffer.from(await request.arrayBuffer());
    if (body.length > MAX_BYTES) return invalid({ payload: ["Payload size exceeds tenant limit"] });
    const single = url.pathname.match(SINGLE);
    return single
      ? one(services, caller, request, url, single.slice(1), body)
      : batch(services, caller, body);
  };
}

async function batch({ sql, topics }, caller, body) {
  const messages = parse(body)?.messages;
  if (!Array.isArray(messages)) return invalid({ messages: ["can't be blank"] });
  const errors = messages.map(errorsOf);
  if (errors.some((found) => Object.keys(found).length > 0)) return invalid({ messages: errors });
  const rights = new Map();
  for (const { topic, event, payload, private: isPrivate = false } of messages) {
    if (isPrivate && !rights.has(topic)) rights.set(topic, await writeRights(sql, caller, topic));
    if (isPrivate && !rights.get(topic).broadcast) continue;
    const message = JSON.stringify({ type: "broadcast", event, payload });
    topics.broadcast(`realtime:${topic}`, isPrivate, message);
  }
  return new Response(null, { status: 202 });
}

async function one({ sql, topics }, caller, request, url, names, data) {
  const [topic, event] = names.map(decoded);
  if (topic === undefined || event === undefined) return invalid({ topic: ["is invalid"] });
  const type = request.headers.get("content-type")?.split(";")[0].trim();
  const isJson = type === "application/json";
  if (!isJson && type !== "application/octet-stream") {
    return Response.json({ message: "Unsupported Media Type" }, { status: 415 });
  }
  if (isJson && parse(data) === undefined) return invalid({ payload: ["is invalid"] });
  if (!fits(`realtime:${topic}`, event)) return invalid({ topic: ["is too long"] });
  const isPrivate = url.searchParams.get("private") === "true";
  if (isPrivate && !(await writeRights(sql, caller, topic)).broadcast) {
    return Response.json({ message: "Unauthorized" }, { status: 403 });
  }
  topics.broadcast(`realtime:${topic}`, isPrivate, { event, isJson, data });
  return new Response(null, { status: 202 });
}

function errorsOf(message) {
  const errors = {};
  for (const field of ["topic", "event"]) {
    if (!message?.[field]) errors[field] = ["can't be blank"];
    else if (typeof message[field] !== "string") errors[field] = ["is invalid"];
  }
  if (message?.payload === undefined || message.payload === null) {
    errors.payload = ["can't be blank"];
  } else if (typeof message.payload !== "object" || Array.isArray(message.payload)) {
    errors.payload = ["is invalid"];
  }
  if (!["undefined", "boolean"].includes(typeof message?.private)) errors.private = ["is invalid"];
  return errors;
}

function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

function parse(body) {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function invalid(errors) {
  return Response.json({ errors }, { status: 422 });
}
