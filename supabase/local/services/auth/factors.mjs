import { randomUUID } from "node:crypto";
import { renderSVG } from "uqr";
import {
  AuthError,
  factorNotFound,
  invalid,
  tooManyAttempts,
  unexpected,
  wrongCode,
} from "./errors.mjs";
import { readBody, UUID } from "./input.mjs";
import { bearerClaims, completeSession } from "./sessions.mjs";
import { CODE_LIFE_S, isCode, keyUri, newSecret } from "./totp.mjs";
import { factorsOf, findUserById, toFactor } from "./users.mjs";

const MOST_FACTORS = 10;
const CHALLENGE_LIFE_S = 300;
const WRONG_CODES_IN_A_MINUTE = 15;
const LOOPBACK = "127.0.0.1";
const UNIQUE_VIOLATION = "23505";

/**
 * The second factor of people: codes of an authenticator app.
 *
 * @param {import("hono").Hono} app
 * @param {import("./server.mjs").Auth} auth
 */
export function addFactorRoutes(app, auth) {
  const { sql, config } = auth;
  const limit = wrongCodeLimit();

  app.post("/factors", async (c) => {
    const { user, session } = await signedIn(auth, c.req.raw);
    const body = await readBody(c.req.raw);
    const { factor_type: type, friendly_name: name = "", issuer } = body;
    if (type === "phone" || type === "webauthn") throw disabled(type);
    if (type !== "totp") throw invalid("factor_type needs to be totp, phone, or webauthn");
    await checkRoom(sql, user, session, name);
    const secret = newSecret();
    const id = randomUUID();
    try {
      await sql`
        insert into auth.mfa_factors
          (id, user_id, friendly_name, factor_type, status, secret, created_at, updated_at)
        values (${id}, ${user.id}, ${name}, 'totp', 'unverified', ${secret}, now(), now())`;
    } catch (error) {
      throw error.code === UNIQUE_VIOLATION ? nameTaken(name) : error;
    }
    const uri = keyUri(secret, issuer || new URL(config.siteUrl).host, user.email ?? "");
    return c.json({
      id,
      type: "totp",
      friendly_name: name,
      // Drawn without a #, which would end a data: address.
      totp: { qr_code: renderSVG(uri, { border: 0 }), secret, uri },
    });
  });

  app.post("/factors/:id/challenge", async (c) => {
    const { user } = await signedIn(auth, c.req.raw);
    const factor = await namedFactor(sql, user.id, c.req.param("id"));
    const [challenge] = await sql`
      insert into auth.mfa_challenges (id, factor_id, ip_address, created_at)
      values (${randomUUID()}, ${factor.id}, ${LOOPBACK}, now())
      returning id, floor(extract(epoch from created_at))::int + ${CHALLENGE_LIFE_S}::int
        as expires_at`;
    await sql`update auth.mfa_factors set last_challenged_at = now() where id = ${factor.id}`;
    return c.json({ id: challenge.id, type: "totp", expires_at: challenge.expires_at });
  });

  app.post("/factors/:id/verify", async (c) => {
    const { user, session } = await signedIn(auth, c.req.raw);
    const factor = await namedFactor(sql, user.id, c.req.param("id"));
    const { challenge_id: challengeId, code } = await readBody(c.req.raw);
    if (!code) throw invalid("Code needs to be non-empty");
    limit.check(factor.id);
    const accepted = await sql.begin((tx) => accept(tx, factor, session, challengeId, code));
    if (!accepted) {
      limit.count(factor.id);
      throw wrongCode();
    }
    return c.json(await renewed(auth, session));
  });

  app.delete("/factors/:id", async (c) => {
    const { user, session } = await signedIn(auth, c.req.raw);
    const factor = await namedFactor(sql, user.id, c.req.param("id"));
    if (factor.status === "verified" && session.aal !== "aal2") {
      throw new AuthError(422, "insufficient_aal", "AAL2 required to unenroll verified factor");
    }
    await sql.begin((tx) => removeFactor(tx, factor));
    return c.json({ id: factor.id });
  });

  // Behind the check that everything under /admin has.
  app.get("/admin/users/:id/factors", async (c) => {
    const user = await findUserById(sql, checkedId(c.req.param("id"), "user_id"));
    if (!user) throw new AuthError(404, "user_not_found", "User not found");
    return c.json((await factorsOf(sql, user.id)).map(toFactor));
  });

  app.delete("/admin/users/:id/factors/:factor", async (c) => {
    const userId = checkedId(c.req.param("id"), "user_id");
    const factor = await namedFactor(sql, userId, c.req.param("factor"));
    await sql.begin((tx) => removeFactor(tx, factor));
    return c.json(toFactor(factor));
  });
}

/**
 * Who sends a request, and the session its token belongs to.
 *
 * @throws {AuthError} no_authorization, bad_jwt, session_not_found
 */
export async function signedIn(auth, request) {
  const { session_id: sessionId } = await bearerClaims(request, auth.config.jwtSecret);
  // The library knows whether the session and its user are still there.
  const answer = await auth.lite("GET", "/user", { headers: request.headers });
  const body = await answer.json();
  if (!answer.ok) throw new AuthError(answer.status, body.error_code, body.msg);
  const [session] = await auth.sql`select * from auth.sessions where id = ${sessionId}`;
  return { user: await findUserById(auth.sql, body.id), session };
}

/** Refuses a new factor beside those there are; a stolen password must not add the second one. */
async function checkRoom(sql, user, session, name) {
  const factors = await factorsOf(sql, user.id);
  if (factors.some((factor) => factor.friendly_name === name)) throw nameTaken(name);
  if (factors.length >= MOST_FACTORS) {
    throw new AuthError(
      422,
      "too_many_enrolled_mfa_factors",
      "Maximum number of verified factors reached, unenroll to continue",
    );
  }
  if (factors.some(({ status }) => status === "verified") && session.aal !== "aal2") {
    throw new AuthError(403, "insufficient_aal", "AAL2 required to enroll a new factor");
  }
}

/**
 * Takes a code: the factor is verified and the session raised.
 *
 * @returns {Promise<boolean>} whether the code was right and new
 */
async function accept(tx, factor, session, challengeId, code) {
  // One attempt after the other, so that a code counts once however often it is sent.
  await tx`select from auth.mfa_factors where id = ${factor.id} for update`;
  const challenge = UUID.test(challengeId ?? "") && (await openChallenge(tx, factor, challengeId));
  if (!challenge) {
    throw factorNotFound("MFA factor with the provided challenge ID not found", 422);
  }
  if (challenge.verified_at) {
    throw new AuthError(
      422,
      "mfa_ip_address_mismatch",
      "Challenge and verify IP addresses mismatch.",
    );
  }
  if (challenge.expired) {
    throw new AuthError(
      422,
      "mfa_challenge_expired",
      `MFA challenge ${challenge.id} has expired, verify against another challenge or create a ` +
        "new challenge.",
    );
  }
  const used = await tx`
    select from auth.mfa_challenges
    where factor_id = ${factor.id} and otp_code = ${code}
      and verified_at > now() - make_interval(secs => ${CODE_LIFE_S})`;
  if (used.length > 0 || !isCode(factor.secret, code)) return false;

  await tx`
    update auth.mfa_challenges set verified_at = now(), otp_code = ${code}
    where id = ${challenge.id}`;
  await tx`
    update auth.mfa_factors set status = 'verified', updated_at = now() where id = ${factor.id}`;
  await tx`
    insert into auth.mfa_amr_claims (session_id, authentication_method)
    values (${session.id}, 'totp')
    on conflict (session_id, authentication_method) do update set updated_at = now()`;
  await tx`
    update auth.sessions set aal = 'aal2', factor_id = ${factor.id} where id = ${session.id}`;
  // From now on the password alone is not enough: neither elsewhere nor for half-made factors.
  await tx`delete from auth.sessions where user_id = ${factor.user_id} and aal < 'aal2'`;
  await tx`
    delete from auth.mfa_factors
    where user_id = ${factor.user_id} and status = 'unverified' and factor_type = 'totp'`;
  return true;
}

async function openChallenge(tx, factor, id) {
  const [challenge] = await tx`
    select *, created_at <= now() - make_interval(secs => ${CHALLENGE_LIFE_S}) as expired
    from auth.mfa_challenges where id = ${id} and factor_id = ${factor.id}`;
  return challenge;
}

/** A session with new tokens, from its present refresh token. */
async function renewed(auth, session) {
  const [{ token }] = await auth.sql`
    select token from auth.refresh_tokens
    where session_id = ${session.id} and not revoked order by created_at desc limit 1`;
  const answer = await auth.lite("POST", "/token?grant_type=refresh_token", {
    body: { refresh_token: token },
  });
  if (!answer.ok) throw unexpected("Unexpected failure", await answer.text());
  return completeSession(auth, await answer.json());
}

/** Takes a factor away; the sessions it raised fall back with their next refresh. */
async function removeFactor(tx, factor) {
  await tx`
    delete from auth.mfa_amr_claims
    where authentication_method = ${factor.factor_type}
      and session_id in (select id from auth.sessions where factor_id = ${factor.id})`;
  await tx`
    update auth.sessions set aal = 'aal1', factor_id = null where factor_id = ${factor.id}`;
  await tx`delete from auth.mfa_factors where id = ${factor.id}`;
}

/** Counts wrong codes for each factor: guessing must not get far. */
function wrongCodeLimit() {
  const attempts = new Map();
  const recent = (id) => (attempts.get(id) ?? []).filter((at) => at > Date.now() - 60_000);
  return {
    check(id) {
      if (recent(id).length >= WRONG_CODES_IN_A_MINUTE) throw tooManyAttempts();
    },
    count(id) {
      attempts.set(id, [...recent(id), Date.now()]);
    },
  };
}

async function namedFactor(sql, userId, id) {
  const [factor] = await sql`
    select * from auth.mfa_factors
    where id = ${checkedId(id, "factor_id")} and user_id = ${userId}`;
  if (!factor) throw factorNotFound("Factor not found", 404);
  return factor;
}

function checkedId(id, name) {
  if (!UUID.test(id)) throw invalid(`${name} must be an UUID`, 404);
  return id;
}

const disabled = (type) =>
  new AuthError(
    422,
    `mfa_${type === "phone" ? "phone" : "web_authn"}_enroll_not_enabled`,
    `MFA enroll is disabled for ${type === "phone" ? "Phone" : "WebAuthn"}`,
  );

const nameTaken = (name) =>
  new AuthError(
    422,
    "mfa_factor_name_conflict",
    `A factor with the friendly name "${name}" for this user already exists`,
  );
