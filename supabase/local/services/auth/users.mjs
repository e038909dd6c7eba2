import { createHash, randomBytes, randomUUID } from "node:crypto";
import { emailExists, unexpected } from "./errors.mjs";
import { PASSWORD_COST } from "./lite.mjs";

const UNIQUE_VIOLATION = "23505";

/** @returns {Promise<object | undefined>} the row of auth.users */
export async function findUser(sql, email) {
  const [user] = await sql`select * from auth.users where email = ${email.toLowerCase()}`;
  return user;
}

/** @returns {Promise<object | undefined>} the row of auth.users */
export async function findUserById(sql, id) {
  const [user] = await sql`select * from auth.users where id = ${id}`;
  return user;
}

/** @returns {Promise<object>} the user as the API shows it: columns without a value are left out */
export async function userJson(sql, id) {
  const user = await findUserById(sql, id);
  const identities = await sql`
    select * from auth.identities where user_id = ${id} order by created_at`;
  return toUser(user, identities, await factorsOf(sql, id));
}

/** @returns {Promise<object[]>} rows of auth.mfa_factors */
export function factorsOf(sql, id) {
  return sql`select * from auth.mfa_factors where user_id = ${id} order by created_at`;
}

/** @returns {object} shape of `User` in the clients' libraries */
export function toUser(user, identities, factors = []) {
  const shown = {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email ?? "",
    email_confirmed_at: user.email_confirmed_at,
    phone: user.phone ?? "",
    phone_confirmed_at: user.phone_confirmed_at,
    invited_at: user.invited_at,
    confirmation_sent_at: user.confirmation_sent_at,
    confirmed_at: user.confirmed_at,
    recovery_sent_at: user.recovery_sent_at,
    new_email: user.email_change || null,
    email_change_sent_at: user.email_change_sent_at,
    last_sign_in_at: user.last_sign_in_at,
    banned_until: user.banned_until,
    deleted_at: user.deleted_at,
    app_metadata: user.raw_app_meta_data ?? {},
    user_metadata: user.raw_user_meta_data ?? {},
    identities: identities.map(toIdentity),
    factors: factors.length > 0 ? factors.map(toFactor) : null,
    created_at: user.created_at,
    updated_at: user.updated_at,
    is_anonymous: user.is_anonymous,
  };
  return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== null));
}

function toIdentity(identity) {
  return {
    identity_id: identity.id,
    id: identity.provider_id,
    user_id: identity.user_id,
    identity_data: identity.identity_data,
    provider: identity.provider,
    last_sign_in_at: identity.last_sign_in_at,
    created_at: identity.created_at,
    updated_at: identity.updated_at,
    email: identity.email,
  };
}

/** A factor as the API shows it: never its secret. */
export function toFactor(factor) {
  return {
    id: factor.id,
    created_at: factor.created_at,
    updated_at: factor.updated_at,
    status: factor.status,
    friendly_name: factor.friendly_name ?? "",
    factor_type: factor.factor_type,
    last_challenged_at: factor.last_challenged_at,
  };
}

/**
 * @param {object} sql pool or transaction
 * @param {object} input
 * @param {string} [input.id]
 * @param {string} [input.email]
 * @param {string} [input.phone]
 * @param {string} [input.password] a random one, when left out
 * @param {string} [input.passwordHash] bcrypt, instead of a password
 * @param {boolean} [input.confirmed] whether the address needs no confirmation
 * @param {object} [input.userMetadata]
 * @param {object} [input.appMetadata]
 * @param {string} [input.role]
 * @returns {Promise<string>} the id
 * @throws {AuthError} email_exists; unexpected_failure when a trigger of the project refuses
 */
export async function createUser(sql, input) {
  const { email = null, phone = null, confirmed = false } = input;
  const id = input.id ?? randomUUID();
  const providers = [email && "email", phone && "phone"].filter(Boolean);
  const appMetadata = { provider: providers[0], providers, ...input.appMetadata };
  const verified = confirmed ? { email_verified: true } : {};
  const userMetadata = { ...input.userMetadata, ...verified };
  const hash = input.passwordHash ?? (await hashed(sql, input.password ?? randomPassword()));
  try {
    await sql`
      insert into auth.users (id, aud, role, email, phone, encrypted_password,
        email_confirmed_at, raw_app_meta_data, raw_user_meta_data)
      values (${id}, 'authenticated', ${input.role ?? "authenticated"}, ${email}, ${phone},
        ${hash}, ${confirmed ? sql`now()` : null}, ${sql.json(appMetadata)},
        ${sql.json(userMetadata)})`;
  } catch (error) {
    if (error.code === UNIQUE_VIOLATION) throw emailExists();
    throw unexpected("Database error creating new user", error);
  }
  for (const provider of providers) {
    const claims = { sub: id, [provider]: provider === "email" ? email : phone };
    await addIdentity(sql, id, provider, {
      ...claims,
      email_verified: false,
      phone_verified: false,
    });
  }
  return id;
}

export async function addIdentity(sql, userId, provider, data) {
  await sql`
    insert into auth.identities (provider, provider_id, user_id, identity_data, last_sign_in_at)
    values (${provider}, ${userId}, ${userId}, ${sql.json(data)}, now())`;
}

export async function hashed(sql, password) {
  const [{ hash }] = await sql`
    select extensions.crypt(${password}, extensions.gen_salt('bf', ${PASSWORD_COST})) as hash`;
  return hash;
}

export async function passwordMatches(sql, user, password) {
  // The library writes the newer prefix of the same algorithm, which pgcrypto does not know.
  const stored = user.encrypted_password.replace(/^\$2b\$/, "$2a$$");
  const [{ matches }] = await sql`select extensions.crypt(${password}, ${stored}) = ${stored}
    as matches`;
  return matches;
}

export function isBanned(user) {
  return user.banned_until !== null && user.banned_until > new Date();
}

/** Ends the sessions of a user, and with them their refresh tokens; `kept` names one that stays. */
export async function endSessions(sql, userId, kept = null) {
  await sql`
    delete from auth.sessions where user_id = ${userId} and id is distinct from ${kept}::uuid`;
}

/** Keeps the row for those who refer to it, but nothing of the person. */
export async function softDelete(sql, user) {
  const obscured = (value) =>
    value && createHash("sha256").update(`${user.id}${value}`).digest("base64url");
  await sql`
    update auth.users set email = ${obscured(user.email)}, phone = ${obscured(user.phone)},
      encrypted_password = '', confirmation_token = null, recovery_token = null,
      email_change = null, email_change_token_new = null, email_change_token_current = null,
      raw_app_meta_data = '{}', raw_user_meta_data = '{}', deleted_at = now()
    where id = ${user.id}`;
  await sql`delete from auth.mfa_factors where user_id = ${user.id}`;
  await sql`
    update auth.identities set identity_data = '{}', provider_id = ${obscured(user.id)}
    where user_id = ${user.id}`;
  await endSessions(sql, user.id);
}

function randomPassword() {
  return randomBytes(36).toString("base64");
}
