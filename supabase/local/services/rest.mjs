import { Agent, request } from "node:http";
import { pipeline } from "node:stream/promises";
import { log } from "./log.mjs";

/** What belongs to one connection, and the key, which is the gateway's business. */
const OWN_HEADERS = ["apikey", "connection", "expect", "host", "keep-alive", "te", "upgrade"];

// PostgREST closes a connection that has been idle for 30 seconds.
const IDLE_MS = 20_000;

/**
 * Hands requests on to PostgREST, stream to stream: the job queue goes through here, and a detour
 * over Request and Response objects would cost several times what PostgREST itself takes.
 *
 * @param {string} postgrestUrl
 * @param {Record<string, string>} corsHeaders
 * @returns {(incoming: import("node:http").IncomingMessage,
 *   outgoing: import("node:http").ServerResponse, token: string) => Promise<void>}
 */
export function createRest(postgrestUrl, corsHeaders) {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  const { hostname, port } = new URL(postgrestUrl);

  return async (incoming, outgoing, token) => {
    const { method, url } = incoming;
    const headers = { ...incoming.headers, authorization: `Bearer ${token}` };
    for (const name of OWN_HEADERS) delete headers[name];
    const path = withoutKey(url.slice("/rest/v1".length));
    try {
      const upstream = request({ agent, hostname, port, path, method, headers });
      outgoing.on("close", () => upstream.destroy());
      const answer = await answerTo(upstream, incoming);
      outgoing.writeHead(answer.statusCode, { ...answer.headers, ...corsHeaders });
      await pipeline(answer, outgoing);
    } catch (error) {
      if (outgoing.destroyed || outgoing.headersSent) return outgoing.destroy();
      log("error", `${method} ${pathOf(url)}`, error);
      const body = { code: "part_down", message: "postgrest does not answer", part: "postgrest" };
      outgoing.writeHead(503, { "content-type": "application/json", ...corsHeaders });
      outgoing.end(JSON.stringify(body));
    }
  };
}

function answerTo(upstream, incoming) {
  return new Promise((resolve, reject) => {
    upstream.on("response", resolve);
    upstream.on("error", reject);
    incoming.on("error", reject);
    incoming.pipe(upstream);
  });
}

/** The path of a request line, without the query. */
export function pathOf(url) {
  return url.split("?", 1)[0];
}

// PostgREST would take the key for a filter. The rest of the query keeps its exact spelling.
function withoutKey(url) {
  const path = pathOf(url);
  const query = url.slice(path.length + 1).split("&");
  const kept = query.filter((part) => part && !part.startsWith("apikey="));
  return kept.length > 0 ? `${path}?${kept.join("&")}` : path;
}
