// Auth through supabase-js: run by node --test with SUPABASE_URL, the two keys and MAIL_URL.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { test } from "node:test";
import { codeAt, isCode, newSecret } from "../../../supabase/local/services/auth/totp.mjs";

const require = createRequire(new URL("../../../supabase/local/package.json", import.meta.url));
const { createClient } = require("@supabase/supabase-js");

const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, MAIL_URL } = process.env;
const PASSWORD = "correct horse battery";

function client(key = SUPABASE_PUBLISHABLE_KEY, auth = {}) {
  const settings = { persistSession: false, autoRefreshToken: false, ...auth };
  return createClient(SUPABASE_URL, key, { auth: settings });
}

const { admin } = client(SUPABASE_SECRET_KEY).auth;
const newEmail = () => `${randomUUID()}@example.com`;

/** The data of a call that must succeed. */
async function ok(call) {
  const { data, error } = await call;
  assert.ifError(error);
  return data;
}

/** The error of a call that must fail. */
async function refused(call, code, status) {
  const { error } = await call;
  assert.equal(error?.code, code);
  assert.equal(error.status, status);
  return error;
}

async function person() {
  const email = newEmail();
  const account = { email, password: PASSWORD, email_confirm: true };
  const { user } = await ok(admin.createUser(account));
  const signedIn = client();
  await ok(signedIn.auth.signInWithPassword({ email, password: PASSWORD }));
  return { email, id: user.id, auth: signedIn.auth };
}

async function newestMail(address) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const mails = await (await fetch(`${MAIL_URL}/api/email`)).json();
    const found = mails.findLast(({ to }) => to.some((person) => person.address === address));
    if (found) {
      const { text } = await (await fetch(`${MAIL_URL}/api/email/${found.id}`)).json();
      return { code: text.match(/^\d{6}$/m)[0], link: text.match(/http\S+/)[0] };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`no mail for ${address}`);
}

async function landingPage(link) {
  const answer = await fetch(link, { redirect: "manual" });
  assert.equal(answer.status, 303);
  return new URL(answer.headers.get("location"));
}

test("sign-up, confirmation, sign-in, sign-out", async () => {
  const { auth } = client();
  const email = newEmail();
  const options = { data: { full_name: "Ada" }, emailRedirectTo: `${process.env.APP_URL}/in` };
  const { user, session } = await ok(auth.signUp({ email, password: PASSWORD, options }));
  assert.equal(session, null);
  assert.equal(user.user_metadata.full_name, "Ada");
  await refused(auth.signInWithPassword({ email, password: PASSWORD }), "email_not_confirmed", 400);

  const { code, link } = await newestMail(email);
  assert.equal(new URL(link).searchParams.get("redirect_to"), options.emailRedirectTo);
  const confirmed = await ok(auth.verifyOtp({ type: "email", email, token: code }));
  assert.equal(confirmed.user.email, email);
  assert.ok(confirmed.user.email_confirmed_at);
  assert.equal((await ok(auth.getUser())).user.id, user.id);

  await ok(auth.refreshSession());
  assert.equal((await ok(auth.getClaims())).claims.sub, user.id);
  await auth.signOut();
  assert.equal((await ok(auth.getSession())).session, null);
  await refused(auth.signInWithPassword({ email, password: "wrong" }), "invalid_credentials", 400);
});

test("a weak password is told with its reasons", async () => {
  const error = await refused(
    client().auth.signUp({ email: newEmail(), password: "short" }),
    "weak_password",
    422,
  );
  assert.equal(error.name, "AuthWeakPasswordError");
  assert.deepEqual(error.reasons, ["length"]);
});

test("a session from the fragment of a link", async () => {
  const { email } = await person();
  const { auth } = client();
  await ok(auth.signInWithOtp({ email, options: { shouldCreateUser: false } }));
  const { hash } = await landingPage((await newestMail(email)).link);
  const said = new URLSearchParams(hash.slice(1));
  const [access_token, refresh_token] = [said.get("access_token"), said.get("refresh_token")];
  await ok(auth.setSession({ access_token, refresh_token }));
  assert.equal((await ok(auth.getUser())).user.email, email);
});

test("a session by code and verifier", async () => {
  const { email } = await person();
  const storage = new Map();
  const { auth } = client(SUPABASE_PUBLISHABLE_KEY, {
    flowType: "pkce",
    persistSession: true,
    storage: {
      getItem: (key) => storage.get(key) ?? null,
      setItem: (key, value) => storage.set(key, value),
      removeItem: (key) => storage.delete(key),
    },
  });
  await ok(auth.resetPasswordForEmail(email, { redirectTo: "http://127.0.0.1:5173/new" }));
  const page = await landingPage((await newestMail(email)).link);
  assert.equal(page.pathname, "/new");
  const { session } = await ok(auth.exchangeCodeForSession(page.searchParams.get("code")));
  assert.equal(session.user.email, email);
  await ok(auth.updateUser({ password: "a quite different one" }));
  await refused(
    auth.exchangeCodeForSession(page.searchParams.get("code")),
    "pkce_code_verifier_not_found",
    400,
  );
});

test("changes to one's own account", async () => {
  const { auth, email } = await person();
  const { user } = await ok(auth.updateUser({ data: { nick: "N" } }));
  assert.equal(user.user_metadata.nick, "N");
  await refused(auth.updateUser({ password: PASSWORD }), "same_password", 422);
  const next = newEmail();
  await ok(auth.updateUser({ email: next }));
  await ok(auth.resend({ type: "email_change", email }));
  assert.equal((await ok(auth.getUser())).user.new_email, next);
  await ok(auth.reauthenticate());
});

test("sign-out elsewhere", async () => {
  const { auth, email } = await person();
  const other = client();
  await ok(other.auth.signInWithPassword({ email, password: PASSWORD }));
  await auth.signOut({ scope: "others" });
  await ok(auth.getUser());
  await refused(other.auth.refreshSession(), "refresh_token_not_found", 400);
});

test("accounts by the secret key", async () => {
  const email = newEmail();
  const account = { email, user_metadata: { a: 1 }, app_metadata: { plan: "pro" } };
  const { user } = await ok(admin.createUser(account));
  assert.equal(user.email_confirmed_at, undefined);
  await refused(admin.createUser({ email }), "email_exists", 422);
  assert.deepEqual((await ok(admin.getUserById(user.id))).user, user);

  const change = { email_confirm: true, password: PASSWORD, user_metadata: { b: 2 } };
  const changed = (await ok(admin.updateUserById(user.id, change))).user;
  assert.deepEqual(changed.user_metadata, { a: 1, b: 2 });
  assert.equal(changed.app_metadata.plan, "pro");

  const page = await ok(admin.listUsers({ page: 1, perPage: 1 }));
  assert.equal(page.users.length, 1);
  assert.ok(page.total > 1);
  assert.equal(page.nextPage, 2);

  await ok(admin.updateUserById(user.id, { ban_duration: "1h" }));
  const { auth } = client();
  await refused(auth.signInWithPassword({ email, password: PASSWORD }), "user_banned", 400);
  await ok(admin.deleteUser(user.id));
  await refused(admin.getUserById(user.id), "user_not_found", 404);
  await refused(auth.signInWithPassword({ email, password: PASSWORD }), "invalid_credentials", 400);
});

test("invitations and links by the secret key", async () => {
  const invited = newEmail();
  const { user } = await ok(admin.inviteUserByEmail(invited, { data: { team: "x" } }));
  assert.equal(user.user_metadata.team, "x");
  assert.ok(user.invited_at);
  const { code } = await newestMail(invited);
  const { auth } = client();
  await ok(auth.verifyOtp({ type: "invite", email: invited, token: code }));

  const { properties } = await ok(admin.generateLink({ type: "magiclink", email: invited }));
  const { hashed_token: token_hash, verification_type: type } = properties;
  const opened = await ok(auth.verifyOtp({ type, token_hash }));
  assert.equal(opened.user.id, user.id);
  await ok(admin.signOut(opened.session.access_token));
  const { error } = await auth.getUser();
  assert.equal(error.name, "AuthSessionMissingError");
});

test("nobody else is an admin", async () => {
  const { auth } = await person();
  await refused(auth.admin.listUsers(), "not_admin", 403);
  await refused(client().auth.admin.deleteUser(randomUUID()), "not_admin", 403);
});

test("a second factor: enrol, challenge, verify, refresh, unenrol", async () => {
  const { auth, email } = await person();
  const levels = async () => {
    const { currentLevel, nextLevel } = await ok(auth.mfa.getAuthenticatorAssuranceLevel());
    return [currentLevel, nextLevel];
  };
  const factor = await ok(auth.mfa.enroll({ factorType: "totp", friendlyName: "Phone" }));
  assert.match(factor.totp.qr_code, /^data:image\/svg\+xml;utf-8,<svg/);
  assert.equal((await ok(auth.mfa.listFactors())).totp.length, 0);
  const { secret } = factor.totp;
  await refused(
    auth.mfa.challengeAndVerify({ factorId: factor.id, code: "00000x" }),
    "mfa_verification_failed",
    422,
  );
  const challenge = await ok(auth.mfa.challenge({ factorId: factor.id }));
  await ok(
    auth.mfa.verify({ factorId: factor.id, challengeId: challenge.id, code: codeNow(secret) }),
  );
  assert.deepEqual(await levels(), ["aal2", "aal2"]);
  await ok(auth.refreshSession());
  assert.deepEqual(await levels(), ["aal2", "aal2"]);
  assert.equal((await ok(auth.mfa.listFactors())).totp.length, 1);

  const elsewhere = client().auth;
  await ok(elsewhere.signInWithPassword({ email, password: PASSWORD }));
  await refused(elsewhere.mfa.unenroll({ factorId: factor.id }), "insufficient_aal", 422);
  await ok(auth.mfa.unenroll({ factorId: factor.id }));
  await ok(auth.refreshSession());
  assert.deepEqual(await levels(), ["aal1", "aal1"]);
});

test("codes are those of RFC 6238", () => {
  const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  assert.equal(codeAt(secret, 1), "287082");
  const codes = { 1111111109: "081804", 1234567890: "005924", 2000000000: "279037" };
  for (const [seconds, code] of Object.entries(codes)) {
    for (const [shift, valid] of Object.entries({ "-60": false, "-30": true, 0: true, 30: true })) {
      const now = new Date((Number(seconds) + Number(shift)) * 1000);
      assert.equal(isCode(secret, code, now), valid, `${seconds} ${shift}`);
    }
  }
  assert.equal(isCode(secret, "89005924", new Date(1234567890_000)), false);
  assert.match(newSecret(), /^[A-Z2-7]{32}$/);
});

const codeNow = (secret) => codeAt(secret, Math.floor(Date.now() / 30_000));
