import { verify } from "hono/jwt";

/**
 * Who is calling, once the API key and the Authorization header are resolved.
 *
 * @typedef {object} Caller
 * @property {"anon" | "authenticated" | "service_role"} role
 * @property {Record<string, unknown>} claims payload of the token
 * @property {string} jwt the token itself
 */

const ROLES = ["anon", "authenticated", "service_role"];

/** What people and browsers follow by link, where no key can be sent along. */
const OPEN = [
  /^(GET|HEAD) \/storage\/v1\/object\/(public|info\/public|sign)\//,
  /^(GET|HEAD) \/storage\/v1\/render\/image\/(public|sign)\//,
  /^PUT \/storage\/v1\/object\/upload\/sign\//,
  /^\w+ \/auth\/v1\/(verify|callback|authorize|health)$/,
  /^\w+ \/auth\/v1\/\.well-known\//,
];

const BROWSER = /^\s*Mozilla\/5\.0/i;

/** Why a request is turned away, in the words of the hosted gateway. */
export const REFUSALS = {
  UNAUTHORIZED_MISSING_API_KEY: {
    message: "No API key found in request",
    hint: "No `apikey` request header or url param was found.",
  },
  UNAUTHORIZED_INVALID_API_KEY: {
    message: "Invalid API key",
    hint: "Double check your Supabase `apikey`",
  },
  UNAUTHORIZED_INVALID_API_KEY_TYPE: {
    message: "Forbidden use of secret API key in browser",
    hint: "Secret API keys can only be used in a protected environment.",
  },
};

/**
 * The API keys of the project. The opaque keys are exchanged for role tokens, as the hosted
 * gateway does; the legacy keys are role tokens already.
 *
 * @param {import("./config.mjs").Config} config
 */
export function createKeys(config) {
  const roleTokens = new Map([
    [config.publishableKey, config.anonKey],
    [config.secretKey, config.serviceRoleKey],
    [config.anonKey, config.anonKey],
    [config.serviceRoleKey, config.serviceRoleKey],
  ]);
  // Of the role tokens, which come with most requests and stay the same.
  const roleClaims = new Map();
  return {
    /**
     * Decides about a request before it reaches a service.
     *
     * @param {string} action method and path, such as "GET /rest/v1/firms"
     * @param {string | null} keyInUrl value of the query's `apikey`
     * @param {Record<string, string | undefined>} headers with names in lower case
     * @returns {{token: string, refusal?: undefined} |
     *   {refusal: keyof typeof REFUSALS, token?: undefined}} the token the request acts with: the
     *   user's own, or the one its key stands for
     */
    admit(action, keyInUrl, { apikey, authorization, "user-agent": userAgent }) {
      const key = apikey ?? keyInUrl;
      const roleToken = roleTokens.get(key);
      const isOpen = OPEN.some((open) => open.test(action));
      if (!roleToken && !isOpen) {
        const refusal = key ? "UNAUTHORIZED_INVALID_API_KEY" : "UNAUTHORIZED_MISSING_API_KEY";
        return { refusal };
      }
      if (key === config.secretKey && BROWSER.test(userAgent ?? "")) {
        return { refusal: "UNAUTHORIZED_INVALID_API_KEY_TYPE" };
      }
      // Who follows a link is nobody yet; an expired token that comes along does no harm.
      if (isOpen) return { token: config.anonKey };
      const bearer = authorization?.match(/^Bearer\s+(\S.*)$/i)?.[1];
      const isUserToken = bearer && bearer !== key && !bearer.startsWith("sb_");
      return { token: isUserToken ? bearer : (roleToken ?? config.anonKey) };
    },

    /**
     * @param {string} jwt
     * @returns {Promise<Caller>}
     * @throws when the token is malformed, expired or not signed with the project's secret
     */
    async caller(jwt) {
      const claims = roleClaims.get(jwt) ?? (await verify(jwt, config.jwtSecret, "HS256"));
      if (roleTokens.has(jwt)) roleClaims.set(jwt, claims);
      return { role: claims.role ?? "anon", claims, jwt };
    },
  };
}

/**
 * Runs `fn` in a transaction with the caller's database role and claims, so that grants and
 * policies decide, as they do behind PostgREST.
 *
 * @template T
 * @param {import("postgres").Sql} sql pool of the superuser
 * @param {Caller} caller
 * @param {(tx: import("postgres").TransactionSql) => Promise<T>} fn
 * @param {Record<string, string>} [settings] more that hold for the transaction
 * @returns {Promise<T>}
 */
export function asCaller(sql, caller, fn, settings = {}) {
  if (!ROLES.includes(caller.role)) throw new Error(`role "${caller.role}" is not an API role`);
  const all = {
    "request.jwt.claims": JSON.stringify(caller.claims),
    role: caller.role,
    ...settings,
  };
  return sql.begin((tx) => {
    // On its way together with the first query of `fn`; should it fail, all of them do.
    tx`
      select set_config(name, value, true)
      from unnest(${Object.keys(all)}::text[], ${Object.values(all)}::text[]) s (name, value)`.execute();
    return fn(tx);
  });
}
