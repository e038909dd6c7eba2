import { createHash, randomInt, randomUUID } from "node:crypto";
import { invalid } from "./errors.mjs";
import { redirectTarget } from "./input.mjs";

const CONFIRMATION = { token: "confirmation_token", sentAt: "confirmation_sent_at" };
const RECOVERY = { token: "recovery_token", sentAt: "recovery_sent_at" };
const CURRENT = { token: "email_change_token_current", sentAt: "email_change_sent_at" };
const NEW = { token: "email_change_token_new", sentAt: "email_change_sent_at" };
const REAUTHENTICATION = { token: "reauthentication_token", sentAt: "reauthentication_sent_at" };

/** What each kind of link writes to auth.users, the mail it goes out with, and its type. */
const KINDS = {
  signup: { ...CONFIRMATION, template: "confirmation", type: "signup" },
  invite: { ...CONFIRMATION, template: "invite", type: "invite" },
  magiclink: { ...RECOVERY, template: "magic_link", type: "magiclink" },
  recovery: { ...RECOVERY, template: "recovery", type: "recovery" },
  email_change_current: { ...CURRENT, template: "email_change", type: "email_change" },
  email_change_new: { ...NEW, template: "email_change", type: "email_change" },
  reauthentication: { ...REAUTHENTICATION, template: "reauthentication" },
};

/** The columns in which each type of verification may find its token. */
export const COLUMNS = {
  signup: [CONFIRMATION],
  invite: [CONFIRMATION],
  magiclink: [RECOVERY],
  recovery: [RECOVERY],
  email: [CONFIRMATION, RECOVERY],
  email_change: [CURRENT, NEW],
};

/** Marks the token of a link whose session is fetched with a code and its verifier. */
export const PKCE_PREFIX = "pkce_";

const METHODS = ["s256", "plain"];

export function hashToken(email, otp) {
  return createHash("sha256")
    .update(email.toLowerCase() + otp)
    .digest("hex");
}

/**
 * What a client says about the link it asks for.
 *
 * @param {{siteUrl: string}} config
 * @param {Request} request
 * @param {{code_challenge?: string, code_challenge_method?: string, redirect_to?: string}} body
 * @returns {{redirectTo: string, challenge?: {value: string, method: string}}}
 */
export function linkWishes(config, request, body) {
  const asked = new URL(request.url).searchParams.get("redirect_to") ?? body.redirect_to;
  const redirectTo = redirectTarget(config.siteUrl, asked);
  const { code_challenge: value, code_challenge_method: method } = body;
  if (!value && !method) return { redirectTo };
  if (!value || !METHODS.includes(method?.toLowerCase())) {
    throw invalid("PKCE flow requires code_challenge_method and code_challenge");
  }
  return { redirectTo, challenge: { value, method: method.toLowerCase() } };
}

/**
 * Writes a fresh one-time token for a user; an earlier one of its kind stops working.
 *
 * @param {object} sql pool or transaction
 * @param {import("../config.mjs").Config} config
 * @param {object} user row of auth.users
 * @param {keyof typeof KINDS} kind
 * @param {ReturnType<typeof linkWishes>} wishes
 * @returns {Promise<{otp: string, hash: string, url: string}>}
 */
export async function issueLink(sql, config, user, kind, { redirectTo, challenge }) {
  const { token, sentAt, type } = KINDS[kind];
  const address = kind === "email_change_new" ? user.email_change : user.email;
  const otp = String(randomInt(1_000_000)).padStart(6, "0");
  const hash = (challenge ? PKCE_PREFIX : "") + hashToken(address, otp);
  await sql`
    update auth.users set ${sql({ [token]: hash, [sentAt]: new Date() })} where id = ${user.id}`;
  if (challenge) await beginFlow(sql, user.id, type, challenge);
  const query = new URLSearchParams({ token: hash, type, redirect_to: redirectTo });
  return { otp, hash, url: `${config.apiUrl}/auth/v1/verify?${query}` };
}

/** Issues a link and mails it; when the mail cannot be sent, the earlier token stays. */
export function sendLink({ sql, config, mail }, user, kind, wishes) {
  return sql.begin((tx) => sendLinkIn(tx, { config, mail }, user, kind, wishes));
}

/** As `sendLink`, in the transaction that also creates the user. */
export async function sendLinkIn(tx, { config, mail }, user, kind, wishes) {
  const { otp, hash, url } = await issueLink(tx, config, user, kind, wishes);
  await mail(KINDS[kind].template, kind === "email_change_new" ? user.email_change : user.email, {
    ConfirmationURL: kind === "reauthentication" ? "" : url,
    Token: otp,
    TokenHash: hash,
    RedirectTo: wishes.redirectTo,
    Email: user.email,
    NewEmail: user.email_change ?? "",
  });
}

/** Both addresses have to agree to a change. */
export async function sendEmailChange(auth, user, wishes) {
  await auth.sql.begin(async (tx) => {
    await tx`update auth.users set email_change_confirm_status = 0 where id = ${user.id}`;
    if (user.email) await sendLinkIn(tx, auth, user, "email_change_current", wishes);
    await sendLinkIn(tx, auth, user, "email_change_new", wishes);
  });
}

async function beginFlow(sql, userId, method, challenge) {
  await sql`
    insert into auth.flow_state (id, user_id, authentication_method, provider_type,
      code_challenge, code_challenge_method)
    values (${randomUUID()}, ${userId}, ${method}, 'email', ${challenge.value},
      ${challenge.method})`;
}

/**
 * The code with which the browser that asked for a link fetches its session.
 *
 * @returns {Promise<string | undefined>} undefined when nobody asked
 */
export async function issueCode(sql, userId, method) {
  const code = randomUUID();
  const [flow] = await sql`
    update auth.flow_state
    set auth_code = ${code}, auth_code_issued_at = now(), created_at = now(), updated_at = now()
    where id = (
      select id from auth.flow_state
      where user_id = ${userId} and authentication_method = ${method} and auth_code is null
      order by created_at desc limit 1
    )
    returning id`;
  return flow && code;
}
