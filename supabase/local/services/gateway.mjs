import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { createKeys, REFUSALS } from "./keys.mjs";
import { log } from "./log.mjs";
import { health, partBehind } from "./parts.mjs";
import { createRest, pathOf } from "./rest.mjs";

/** What a browser may read of an answer: the sum of what the hosted services expose. */
const EXPOSED = [
  "Content-Disposition",
  "Content-Encoding",
  "Content-Location",
  "Content-Range",
  "Date",
  "ETag",
  "Link",
  "Location",
  "Preference-Applied",
  "Range-Unit",
  "X-Sb-Error-Code",
  "X-Supabase-Api-Version",
  "X-Total-Count",
];
const CORS_HEADERS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": EXPOSED.join(","),
};

/**
 * The one door to the services: it checks the API key, exchanges it for a role token and hands
 * the request on.
 *
 * @param {import("./config.mjs").Config} config
 * @param {import("postgres").Sql} sql
 * @param {object} services
 * @param {(request: Request) => Promise<Response>} services.auth
 * @param {(request: Request, caller: import("./keys.mjs").Caller,
 *   incoming: import("node:http").IncomingMessage) => Promise<Response>} services.storage
 * @param {{upgrade: Function, broadcast: Function}} services.realtime
 * @param {{isOpen: Function, serve: Function}} services.functions
 * @returns {{listener: import("node:http").RequestListener, upgrade: Function}} for a node server
 */
export function createGateway(config, sql, { auth, storage, realtime, functions }) {
  const keys = createKeys(config);
  const rest = createRest(config.postgrestUrl, CORS_HEADERS);
  const others = getRequestListener(
    createApp(config, sql, keys, { auth, storage, realtime, functions }).fetch,
  );

  return {
    listener(incoming, outgoing) {
      recordWhenDone(incoming, outgoing);
      const { method, url, headers } = incoming;
      // What is refused, and what a browser asks beforehand, is answered with the others.
      const isData = url.startsWith("/rest/v1/") && method !== "OPTIONS";
      const token = isData && keys.admit(`${method} ${pathOf(url)}`, keyIn(url), headers).token;
      if (token) rest(incoming, outgoing, token);
      else others(incoming, outgoing);
    },

    async upgrade(incoming, socket, head) {
      socket.on("error", (error) => log("error", `realtime socket: ${error.message}`));
      const { url, headers } = incoming;
      const path = pathOf(url);
      // The key names the caller here; a user's token comes with each channel.
      const { token } = keys.admit(`GET ${path}`, keyIn(url), { apikey: headers.apikey });
      if (token && path === "/realtime/v1/websocket") {
        realtime.upgrade(incoming, socket, head, await keys.caller(token));
        return;
      }
      const status = token ? "404 Not Found" : "401 Unauthorized";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    },
  };
}

function createApp(config, sql, keys, { auth, storage, realtime, functions }) {
  const app = new Hono();
  app.use(
    cors({
      origin: "*",
      allowMethods: ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"],
      exposeHeaders: EXPOSED,
      maxAge: 3600,
    }),
  );

  app.get("/_health", async (c) => {
    const parts = await health(config, sql);
    const well = Object.values(parts).every((state) => state === "ok");
    return c.json(parts, well ? 200 : 503);
  });

  const asKeyHolder = requireKey(keys);
  app.all("/rest/v1/*", asKeyHolder);
  app.all("/auth/v1/*", asKeyHolder, (c) => auth(c.req.raw));
  app.all("/storage/v1/*", asKeyHolder, async (c) => {
    const caller = await keys.caller(c.get("token")).catch(invalidToken);
    return caller.role ? storage(c.req.raw, caller, c.env.incoming) : c.json(caller, 400);
  });
  // "/broadcast/*" takes "/broadcast" too; httpSend puts the topic and the event behind it.
  app.post("/realtime/v1/api/broadcast/*", asKeyHolder, async (c) => {
    const caller = await keys.caller(c.get("token")).catch(invalidToken);
    return caller.role ? realtime.broadcast(c.req.raw, caller) : c.json(caller, 401);
  });

  app.all(
    "/functions/v1/:name/*",
    (c, next) => (functions.isOpen(c.req.param("name")) ? next() : asKeyHolder(c, next)),
    (c) => functions.serve(c.req.raw, c.req.param("name")),
  );

  app.notFound((c) => c.json({ error: "requested path is invalid" }, 404));
  app.onError(async (error, c) => {
    log("error", `${c.req.method} ${c.req.path}`, error);
    const part = await partBehind(error, sql);
    if (part) return c.json({ code: "part_down", message: `${part} does not answer`, part }, 503);
    return c.json({ code: "unexpected_failure", message: "Internal server error" }, 500);
  });
  return app;
}

/** Refuses a request without a valid key; else puts the token it acts with in its place. */
function requireKey(keys) {
  return async (c, next) => {
    const action = `${c.req.method} ${c.req.path}`;
    const { token, refusal } = keys.admit(action, c.req.query("apikey"), c.req.header());
    if (refusal) return c.json(REFUSALS[refusal], 401, { "sb-error-code": refusal });
    c.set("token", token);
    c.req.raw.headers.set("authorization", `Bearer ${token}`);
    await next();
  };
}

/** The answer of the Storage service to a token it cannot use. */
function invalidToken(error) {
  const reasons = {
    JwtTokenExpired: '"exp" claim timestamp check failed',
    JwtTokenSignatureMismatched: "signature verification failed",
  };
  const message = reasons[error.name] ?? "Invalid Compact JWS";
  return { statusCode: "403", error: "Unauthorized", code: "AccessDenied", message };
}

function recordWhenDone({ method, url }, outgoing) {
  const start = performance.now();
  outgoing.on("close", () => {
    const elapsed = Math.round(performance.now() - start);
    log("info", `${method} ${pathOf(url)} ${outgoing.statusCode} ${elapsed} ms`);
  });
}

function keyIn(url) {
  return url.includes("apikey=")
    ? new URLSearchParams(url.slice(pathOf(url).length)).get("apikey")
    : null;
}
