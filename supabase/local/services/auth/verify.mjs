import { AuthError, invalid, linkExpired, userBanned } from "./errors.mjs";
import { checkedEmail, redirectTarget } from "./input.mjs";
import { COLUMNS, hashToken, issueCode, PKCE_PREFIX } from "./links.mjs";
import { OTP_EXPIRY_S } from "./lite.mjs";
import { completeSession, endSession } from "./sessions.mjs";
import { isBanned } from "./users.mjs";

const FIRST_OF_TWO =
  "Confirmation link accepted. Please proceed to confirm link sent to the other email";

/**
 * Exchanges a one-time token for a session.
 *
 * @param {import("./server.mjs").Auth} auth
 * @param {Record<string, string>} params type with token_hash, or with email and token
 * @returns {Promise<{session: object} | {message: string}>} a message when the other of two
 *   addresses still has to confirm
 * @throws {import("./errors.mjs").AuthError} otp_expired, user_banned, validation_failed
 */
export async function verify(auth, params) {
  const { type } = params;
  if (!type) throw invalid("Verify requires a verification type");
  if (!Object.hasOwn(COLUMNS, type)) throw invalid("Invalid email verification type");

  const { user, column, hash } = await findToken(auth.sql, params);
  if (isBanned(user)) throw userBanned(403);
  if (type === "email_change" && !(await confirmsSecond(auth.sql, user, column, hash))) {
    return { message: FIRST_OF_TWO };
  }
  const response = await auth.lite("POST", "/verify", {
    body: { type: libraryType(type, column), token_hash: hash },
  });
  const body = await response.json();
  if (!response.ok) throw linkExpired(body.msg);
  return { session: await completeSession(auth, body, "otp") };
}

async function findToken(sql, { type, token_hash: given, email, token }) {
  const otp = !given;
  if (otp && !(email && token)) throw invalid("Verify requires either a token or a token hash");
  const hash = given ?? hashToken(checkedEmail(email), token.replaceAll("-", ""));
  const hashes = otp ? [hash, PKCE_PREFIX + hash] : [hash];
  for (const { token: column, sentAt } of COLUMNS[type]) {
    const [user] = await sql`select * from auth.users where ${sql(column)} in ${sql(hashes)}`;
    if (user && Date.now() - user[sentAt] <= OTP_EXPIRY_S * 1000) {
      return { user, column, hash: user[column] };
    }
  }
  throw linkExpired(otp ? "Token has expired or is invalid" : undefined);
}

// The library finalizes a change on the token of the current address alone, so the second of the
// two tokens takes that place once the first has been seen.
async function confirmsSecond(sql, user, column, hash) {
  const first = user.email && user.email_change_confirm_status === 0;
  const change = first
    ? { [column]: null, email_change_confirm_status: 1 }
    : {
        email_change_token_current: hash,
        email_change_token_new: null,
        email_change_confirm_status: 0,
      };
  await sql`
    update auth.users set ${sql(change)} where id = ${user.id} and ${sql(column)} = ${hash}`;
  return !first;
}

function libraryType(type, column) {
  if (column === "confirmation_token") return "signup";
  return type === "email" ? "magiclink" : type;
}

/**
 * Follows the link of a mail.
 *
 * @param {import("./server.mjs").Auth} auth
 * @param {Record<string, string>} query token, type and redirect_to
 * @returns {Promise<string>} where the browser goes next: the session, a code, a message or the
 *   error is in the URL
 */
export async function followLink(auth, query) {
  const { token = "", type, redirect_to: asked } = query;
  const target = new URL(redirectTarget(auth.config.siteUrl, asked));
  const pkce = token.startsWith(PKCE_PREFIX);
  const say = (fields) => {
    const said = new URLSearchParams(fields);
    if (pkce) target.search = said;
    target.hash = said;
    return target.href;
  };
  try {
    const { session, message } = await verify(auth, { type, token_hash: token });
    if (message) return say({ message });
    if (!pkce) return say({ ...plainSession(session), type });
    await endSession(auth.sql, session);
    const code = await issueCode(auth.sql, session.user.id, type);
    if (!code) throw new AuthError(404, "flow_state_not_found", "No associated flow state found");
    target.searchParams.set("code", code);
    return target.href;
  } catch (error) {
    if (!error.status || error.status >= 500) throw error;
    return say({
      error: error.status === 403 ? "access_denied" : "invalid_request",
      error_code: error.code,
      error_description: error.message,
    });
  }
}

function plainSession({ access_token, expires_at, expires_in, refresh_token, token_type }) {
  return { access_token, expires_at, expires_in, refresh_token, token_type };
}
