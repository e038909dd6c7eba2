import { decode } from "hono/jwt";
import { createKeys } from "../keys.mjs";

const ROLES = ["anon", "authenticated", "service_role"];

/** The token does not open a channel; the message starts with the hosted service's error code. */
export class TokenRefused extends Error {
  /** @param {string} code, @param {string} reason what the client of an open channel is told */
  constructor(code, reason) {
    super(`${code}: ${reason}`);
    this.reason = reason;
  }
}

/**
 * @param {import("../config.mjs").Config} config
 * @returns {(jwt: string) => Promise<import("../keys.mjs").Caller>} rejects with TokenRefused
 */
export function createVerifier(config) {
  const keys = createKeys(config);
  return async (jwt) => {
    const caller = await keys.caller(jwt).catch((error) => {
      throw refusal(error, jwt);
    });
    if (!Number.isFinite(caller.claims.exp) || typeof caller.claims.role !== "string") {
      throw new TokenRefused("InvalidJWTToken", "Fields `role` and `exp` are required in JWT");
    }
    if (!ROLES.includes(caller.role)) {
      throw new TokenRefused("InvalidJWTToken", `role "${caller.role}" is not an API role`);
    }
    return caller;
  };
}

function refusal(error, jwt) {
  if (error.name === "JwtTokenExpired") {
    return new TokenRefused("InvalidJWTToken", expired(Number(decode(jwt).payload.exp)));
  }
  if (error.name === "JwtTokenSignatureMismatched") {
    return new TokenRefused("JwtSignatureError", "Failed to validate JWT signature");
  }
  return new TokenRefused("MalformedJWT", "The token provided is not a valid JWT");
}

/** @param {number} exp seconds since 1970 */
export function expired(exp) {
  return `Token has expired ${Math.max(0, Math.floor(Date.now() / 1000) - exp)} seconds ago`;
}
