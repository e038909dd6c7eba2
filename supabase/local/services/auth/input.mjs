import { AuthError, badJson, invalid } from "./errors.mjs";

// As HTML defines it, with a dot in the domain: no comma can make two recipients of one address.
const LABEL = "[a-z\\d](?:[a-z\\d-]{0,61}[a-z\\d])?";
const EMAIL = new RegExp(`^[\\w.!#$%&'*+/=?^\`{|}~-]+@${LABEL}(?:\\.${LABEL})+$`, "i");
const EMAIL_MAX_LENGTH = 255;
export const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

// bcrypt reads no further.
const PASSWORD_MAX_BYTES = 72;

/** Types of the fields the service knows; others are ignored. */
const FIELDS = {
  string: [
    ...["auth_code", "ban_duration", "challenge_id", "code", "code_challenge"],
    ...["code_challenge_method", "code_verifier", "email", "factor_type", "friendly_name", "id"],
    ...["issuer", "new_email", "password", "password_hash", "phone", "redirect_to"],
    ...["refresh_token", "role", "token", "token_hash", "type"],
  ],
  boolean: ["create_user", "email_confirm", "phone_confirm", "should_soft_delete"],
  object: ["app_metadata", "data", "user_metadata"],
};
const TYPES = new Map(
  Object.entries(FIELDS).flatMap(([type, fields]) => fields.map((field) => [field, type])),
);

/**
 * The body of a request as an object whose fields have the types the service expects.
 *
 * @param {Request} request
 * @returns {Promise<Record<string, any>>} empty when there is no body
 */
export async function readBody(request) {
  const text = await request.text();
  if (text.trim() === "") return {};
  let body;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw badJson(error.message);
  }
  if (!isObject(body)) throw badJson("expected an object");
  // PostgreSQL stores no NUL character, neither in text nor in jsonb.
  if (JSON.stringify(body).includes("\\u0000")) throw badJson("contains a NUL character");
  for (const [field, value] of Object.entries(body)) {
    const type = TYPES.get(field);
    if (value === null) delete body[field];
    else if (type && (typeof value !== type || Array.isArray(value))) {
      throw badJson(`field ${field} is no ${type}`);
    }
  }
  return body;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @returns {string} the address in lower case */
export function checkedEmail(email) {
  if (!email || !EMAIL.test(email)) {
    throw invalid("Unable to validate email address: invalid format");
  }
  if (email.length > EMAIL_MAX_LENGTH) throw invalid("An email address is too long");
  return email.toLowerCase();
}

export function checkPassword(password, minLength) {
  if (Buffer.byteLength(password) > PASSWORD_MAX_BYTES) {
    throw invalid(`Password cannot be longer than ${PASSWORD_MAX_BYTES} characters`);
  }
  if (password.length < minLength) {
    throw new WeakPassword(`Password should be at least ${minLength} characters.`);
  }
}

class WeakPassword extends AuthError {
  constructor(message) {
    super(422, "weak_password", message);
  }

  toJSON() {
    return { ...super.toJSON(), weak_password: { reasons: ["length"] } };
  }
}

/** Where a link leads in the end: to the page the client asked for, if the site has it. */
export function redirectTarget(siteUrl, asked) {
  if (!asked || !URL.canParse(asked)) return siteUrl;
  const site = new URL(siteUrl);
  const target = new URL(asked);
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(site.hostname);
  const same =
    target.protocol === site.protocol &&
    target.hostname === site.hostname &&
    (loopback || target.port === site.port);
  return same ? asked : siteUrl;
}

const DURATION = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;
const UNIT_S = { ms: 0.001, s: 1, m: 60, h: 3600 };

/**
 * @param {string} text "none" or a sum such as "1h30m"
 * @returns {number} seconds; 0 lifts a ban
 */
export function banSeconds(text) {
  if (text === "none") return 0;
  const parts = [...text.matchAll(DURATION)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) {
    throw invalid(`invalid format for ban duration: time: invalid duration "${text}"`);
  }
  return parts.reduce((sum, [, amount, unit]) => sum + amount * UNIT_S[unit], 0);
}
