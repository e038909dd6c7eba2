import { Pool } from "undici";
import { log } from "./log.mjs";

/** What belongs to one connection, and what is the gateway's business: the key and the origin. */
const OWN_HEADERS = new Set([
  "apikey",
  "authorization",
  "connection",
  "expect",
  "host",
  "keep-alive",
  "origin",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Hands requests on to PostgREST, stream to stream and header by header: the job queue goes through
 * here, and a detour over Request and Response objects would cost several times what PostgREST
 * itself takes.
 *
 * @param {string} postgrestUrl
 * @param {Record<string, string>} corsHeaders
 * @returns {(incoming: import("node:http").IncomingMessage,
 *   outgoing: import("node:http").ServerResponse, token: string) => Promise<void>}
 */
export function createRest(postgrestUrl, corsHeaders) {
  // The database sets the limits of time.
  const pool = new Pool(postgrestUrl, { headersTimeout: 0, bodyTimeout: 0 });
  const cors = Object.entries(corsHeaders).flat();

  return async (incoming, outgoing, token) => {
    const { method, url } = incoming;
    const request = {
      method,
      path: withoutKey(url.slice("/rest/v1".length)),
      headers: [...passedOn(incoming.rawHeaders), "authorization", `Bearer ${token}`],
      body: hasBody(incoming) ? incoming : null,
      responseHeaders: "raw",
    };
    try {
      await pool.stream(request, ({ statusCode, headers }) =>
        outgoing.writeHead(statusCode, [...headers, ...cors]),
      );
    } catch (error) {
      if (outgoing.destroyed || outgoing.headersSent) return outgoing.destroy();
      log("error", `${method} ${pathOf(url)}`, error);
      const body = { code: "part_down", message: "postgrest does not answer", part: "postgrest" };
      outgoing.writeHead(503, { "content-type": "application/json", ...corsHeaders });
      outgoing.end(JSON.stringify(body));
    }
  };
}

/** The path of a request line, without the query. */
export function pathOf(url) {
  return url.split("?", 1)[0];
}

/** Names and values in turn, as they came. */
function passedOn(headers) {
  return headers.filter((_, n) => !OWN_HEADERS.has(headers[n - (n % 2)].toLowerCase()));
}

function hasBody({ headers }) {
  return "content-length" in headers || "transfer-encoding" in headers;
}

// PostgREST would take the key for a filter. The rest of the query keeps its exact spelling.
function withoutKey(url) {
  const path = pathOf(url);
  const query = url.slice(path.length + 1).split("&");
  const kept = query.filter((part) => part && !part.startsWith("apikey="));
  return kept.length > 0 ? `${path}?${kept.join("&")}` : path;
}
