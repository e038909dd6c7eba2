import { decode, sign, verify } from "hono/jwt";
import { badToken, unauthorized } from "./errors.mjs";
import { userJson } from "./users.mjs";

/**
 * Completes a session of the library with the claims the hosted service puts into access tokens.
 *
 * @param {import("./server.mjs").Auth} auth
 * @param {{access_token: string}} session
 * @param {"password" | "otp" | undefined} method how the person signed in; undefined on a refresh
 */
export async function completeSession({ sql, config }, session, method) {
  const { payload } = decode(session.access_token);
  const user = await userJson(sql, payload.sub);
  if (method) {
    await sql`
      insert into auth.mfa_amr_claims (session_id, authentication_method)
      values (${payload.session_id}, ${method})`;
  }
  const methods = await sql`
    select authentication_method as method, floor(extract(epoch from updated_at))::int as timestamp
    from auth.mfa_amr_claims where session_id = ${payload.session_id} order by updated_at desc`;
  const [{ aal }] = await sql`select aal from auth.sessions where id = ${payload.session_id}`;
  const claims = {
    iss: `${config.apiUrl}/auth/v1`,
    ...payload,
    phone: user.phone,
    app_metadata: user.app_metadata,
    user_metadata: user.user_metadata,
    aal,
    amr: methods,
    is_anonymous: user.is_anonymous,
  };
  return { ...session, access_token: await sign(claims, config.jwtSecret, "HS256"), user };
}

/** The id of the session an access token belongs to. The token has been verified before. */
export function sessionIdOf(request) {
  const token = request.headers.get("authorization").replace(/^Bearer /, "");
  return decode(token).payload.session_id;
}

/** Ends the session an access token was just issued for. */
export async function endSession(sql, session) {
  const { session_id: id } = decode(session.access_token).payload;
  await sql`delete from auth.sessions where id = ${id}`;
}

/**
 * @param {Request} request
 * @param {string} secret
 * @returns {Promise<Record<string, unknown>>} claims of the bearer token
 * @throws {import("./errors.mjs").AuthError} no_authorization, bad_jwt
 */
export async function bearerClaims(request, secret) {
  const token = request.headers.get("authorization")?.match(/^Bearer (\S+)$/)?.[1];
  if (!token) throw unauthorized();
  return verify(token, secret, "HS256").catch((error) => {
    throw badToken(fault(error));
  });
}

function fault({ name }) {
  switch (name) {
    case "JwtTokenExpired":
      return "token has invalid claims: token is expired";
    case "JwtTokenSignatureMismatched":
      return "token signature is invalid: signature is invalid";
    case "JwtAlgorithmMismatch":
      return "signing method is invalid";
    default:
      return "token is malformed: token contains an invalid number of segments";
  }
}
