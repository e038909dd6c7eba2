import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import postgres from "postgres";
import { log } from "../log.mjs";
import { partBehind } from "../parts.mjs";
import { addAccountRoutes } from "./accounts.mjs";
import { addAdminRoutes } from "./admin.mjs";
import { AuthError, unexpected } from "./errors.mjs";
import { addFactorRoutes } from "./factors.mjs";
import { createLite } from "./lite.mjs";
import { createMailer } from "./mail.mjs";
import { bearerClaims } from "./sessions.mjs";

const BASE = "/auth/v1";
const ERROR_FORMAT = "2024-01-01";
const MAX_BODY_BYTES = 1_000_000;

// As the hosted service: triggers of the project run with the rights they have there.
const SESSION = { role: "supabase_auth_admin", search_path: "auth" };

/**
 * What the routes work with.
 *
 * @typedef {object} Auth
 * @property {import("postgres").Sql} sql pool with the rights of the hosted service
 * @property {import("../config.mjs").Config} config
 * @property {ReturnType<typeof createMailer>} mail
 * @property {(method: string, path: string, request: {body?: object, headers?: Headers}) =>
 *   Promise<Response>} lite asks the library; throws when it fails
 */

/**
 * The Auth service: sessions, passwords and tokens by @supabase/lite; around it what the hosted
 * service has and the library lacks.
 *
 * @param {import("../config.mjs").Config} config
 * @returns {Promise<(request: Request) => Promise<Response>>} handles /auth/v1/*
 */
export async function createAuth(config) {
  const sql = postgres(config.databaseUrl, { max: 5, onnotice: () => {}, connection: SESSION });
  const library = createLite(config.databaseUrl, config, SESSION).app;
  await library.init();

  const auth = { sql, config, mail: createMailer(config), lite };
  const app = new Hono().basePath(BASE);
  app.use(formatErrors);
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => c.json({ message: "Request size limit exceeded" }, 413),
    }),
  );
  for (const path of ["/user", "/logout", "/reauthenticate"]) {
    app.use(path, async (c, next) => {
      await bearerClaims(c.req.raw, config.jwtSecret);
      await next();
    });
  }
  addAccountRoutes(app, auth);
  addAdminRoutes(app, auth);
  addFactorRoutes(app, auth);
  app.all("*", (c) => ask(c.req.raw));
  app.onError(async (error, c) => {
    if (error instanceof AuthError && error.status < 500) return c.json(error, error.status);
    log("error", `${c.req.method} ${c.req.path}`, error.cause ?? error);
    const part = await partBehind(error, sql);
    if (part) {
      const answer = new AuthError(503, "part_down", `${part} does not answer`);
      return c.json({ ...answer.toJSON(), part }, 503);
    }
    return c.json(error instanceof AuthError ? error : unexpected("Unexpected failure"), 500);
  });
  return (request) => app.fetch(request);

  async function ask(request) {
    const response = await library.fetch(request);
    if (response.status >= 500) throw unexpected("Unexpected failure");
    return response;
  }

  function lite(method, path, { body, headers = {} }) {
    const authorization = new Headers(headers).get("authorization");
    return ask(
      new Request(`${config.apiUrl}${BASE}${path}`, {
        method,
        headers: {
          "content-type": "application/json",
          ...(authorization && { authorization }),
        },
        body: body && JSON.stringify(body),
      }),
    );
  }
}

/** Errors in the format the client asks for by header; both carry the same code and message. */
async function formatErrors(c, next) {
  await next();
  if (c.res.status < 400 || !c.res.headers.get("content-type")?.includes("json")) return;
  const answer = await c.res.clone().json();
  const { code: status, error_code: code, msg: message, ...rest } = answer;
  if (!code) return;
  c.res.headers.set("x-sb-error-code", code);
  if ((c.req.header("x-supabase-api-version") ?? "") < ERROR_FORMAT) return;
  c.res = c.json({ code, message, ...rest }, status, {
    "x-supabase-api-version": ERROR_FORMAT,
  });
}
