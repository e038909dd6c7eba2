import { randomUUID } from "node:crypto";
import {
  AuthError,
  invalid,
  invalidCredentials,
  unexpected,
  userBanned,
  userExists,
} from "./errors.mjs";
import { signedIn } from "./factors.mjs";
import { checkedEmail, checkPassword, readBody } from "./input.mjs";
import { linkWishes, sendEmailChange, sendLink, sendLinkIn } from "./links.mjs";
import { completeSession, sessionIdOf } from "./sessions.mjs";
import {
  createUser,
  endSessions,
  factorsOf,
  findUser,
  findUserById,
  isBanned,
  passwordMatches,
  toUser,
  userJson,
} from "./users.mjs";
import { followLink, verify } from "./verify.mjs";

const RESENDABLE = ["signup", "email_change", "sms", "phone_change"];

const noPhone = (message) => new AuthError(400, "phone_provider_disabled", message);

/**
 * What people do with their own account.
 *
 * @param {import("hono").Hono} app
 * @param {import("./server.mjs").Auth} auth
 */
export function addAccountRoutes(app, auth) {
  const { sql, config } = auth;

  app.post("/signup", async (c) => {
    const body = await readBody(c.req.raw);
    if (body.phone) throw noPhone("Phone signups are disabled");
    // Without an address the library refuses, as an anonymous sign-in.
    if (!body.email) return auth.lite("POST", "/signup", { body });
    const email = checkedEmail(body.email);
    if (!body.password) throw invalid("Signup requires a valid password");
    checkPassword(body.password, config.passwordMinLength);
    const wishes = linkWishes(config, c.req.raw, body);

    const existing = await findUser(sql, email);
    if (existing?.email_confirmed_at && config.autoconfirm) throw userExists();
    if (existing?.email_confirmed_at) return c.json(obscured(email, body.data));
    if (existing) {
      await sendLink(auth, existing, "signup", wishes);
      return c.json(await userJson(sql, existing.id));
    }

    const response = await auth.lite("POST", "/signup", { body }).catch(async (error) => {
      // Somebody else was faster, or a trigger of the project refuses the user.
      if (await findUser(sql, email)) throw userExists();
      throw unexpected("Database error saving new user", error);
    });
    const answer = await response.json();
    if (!response.ok) return c.json(answer, response.status);
    if (config.autoconfirm) return c.json(await completeSession(auth, answer, "password"));
    try {
      await sendLink(auth, answer, "signup", wishes);
    } catch (error) {
      await sql`delete from auth.users where id = ${answer.id}`;
      throw error;
    }
    return c.json(await userJson(sql, answer.id));
  });

  app.post("/token", async (c) => {
    const grant = c.req.query("grant_type");
    const body = await readBody(c.req.raw);
    if (grant === "password") await checkSignIn(sql, body);
    if (grant === "refresh_token") await checkRefresh(sql, body);
    const response = await auth.lite(
      "POST",
      `/token?${new URLSearchParams({ grant_type: grant })}`,
      {
        body,
      },
    );
    const answer = await response.json();
    if (!response.ok) return c.json(answer, response.status);
    const method = { password: "password", pkce: "otp" }[grant];
    return c.json(await completeSession(auth, answer, method));
  });

  app.post("/verify", async (c) => {
    const { session, message } = await verify(auth, await readBody(c.req.raw));
    return c.json(session ?? { msg: message, code: "200" });
  });

  app.get("/verify", async (c) => {
    // The router takes HEAD for GET: a program that only looks at a link must not use it up.
    if (c.req.method === "HEAD") return c.body(null, 405, { allow: "GET, POST" });
    return c.redirect(await followLink(auth, c.req.query()), 303);
  });

  app.post("/otp", (c) => sendSignInLink(c, auth));
  app.post("/magiclink", (c) => sendSignInLink(c, auth));

  app.post("/recover", async (c) => {
    const body = await readBody(c.req.raw);
    if (!body.email) throw invalid("Password recovery requires an email");
    const user = await findUser(sql, checkedEmail(body.email));
    if (user) await sendLink(auth, user, "recovery", linkWishes(config, c.req.raw, body));
    return c.json({});
  });

  app.post("/resend", async (c) => {
    const body = await readBody(c.req.raw);
    if (!RESENDABLE.includes(body.type)) {
      throw invalid(`Missing one of these types: ${RESENDABLE.join(", ")}`);
    }
    if (!["signup", "email_change"].includes(body.type)) throw noPhone("Phone logins are disabled");
    if (!body.email) throw invalid("Type provided requires an email address");
    const user = await findUser(sql, checkedEmail(body.email));
    const wishes = linkWishes(config, c.req.raw, body);
    if (body.type === "signup" && user && !user.email_confirmed_at) {
      await sendLink(auth, user, "signup", wishes);
    }
    if (body.type === "email_change" && user?.email_change) {
      await sendEmailChange(auth, user, wishes);
    }
    return c.json({});
  });

  app.get("/user", async (c) => {
    const response = await auth.lite("GET", "/user", { headers: c.req.raw.headers });
    if (!response.ok) return response;
    return c.json(await userJson(sql, (await response.json()).id));
  });

  app.put("/user", async (c) => {
    const body = await readBody(c.req.raw);
    if (body.email) body.email = checkedEmail(body.email);
    if (body.password) checkPassword(body.password, config.passwordMinLength);
    if (body.email || body.password) await checkSecondFactor(auth, c.req.raw);
    const wishes = linkWishes(config, c.req.raw, body);
    const response = await auth.lite("PUT", "/user", { body, headers: c.req.raw.headers });
    if (!response.ok) return response;
    const { id } = await response.json();
    if (body.password) await endSessions(sql, id, sessionIdOf(c.req.raw));
    const user = await findUserById(sql, id);
    if (body.email && user.email_change === body.email) {
      try {
        await sendEmailChange(auth, user, wishes);
      } catch (error) {
        await sql`update auth.users set email_change = null where id = ${id}`;
        throw error;
      }
    }
    return c.json(await userJson(sql, id));
  });

  app.get("/reauthenticate", async (c) => {
    const response = await auth.lite("GET", "/user", { headers: c.req.raw.headers });
    if (!response.ok) return response;
    const user = await findUserById(sql, (await response.json()).id);
    await sendLink(auth, user, "reauthentication", { redirectTo: config.siteUrl });
    return c.json({});
  });
}

/** Whoever has a second factor changes what they sign in with only after showing it. */
async function checkSecondFactor(auth, request) {
  const { user, session } = await signedIn(auth, request);
  const factors = await factorsOf(auth.sql, user.id);
  if (session.aal !== "aal2" && factors.some(({ status }) => status === "verified")) {
    throw new AuthError(
      401,
      "insufficient_aal",
      "AAL2 session is required to update email or password when MFA is enabled.",
    );
  }
}

/** Sends a link that signs in, or one that confirms the address of somebody new. */
async function sendSignInLink(c, auth) {
  const { sql, config } = auth;
  const body = await readBody(c.req.raw);
  if (body.phone) throw noPhone("Unsupported phone provider");
  if (!body.email) throw invalid("One of email or phone must be set");
  const email = checkedEmail(body.email);
  const wishes = linkWishes(config, c.req.raw, body);
  const user = await findUser(sql, email);
  if (!user && body.create_user === false) {
    throw new AuthError(422, "otp_disabled", "Signups not allowed for otp");
  }
  await sql.begin(async (tx) => {
    const confirmed = config.autoconfirm;
    const id = user?.id ?? (await createUser(tx, { email, confirmed, userMetadata: body.data }));
    const known = user?.email_confirmed_at || confirmed;
    await sendLinkIn(tx, auth, { id, email }, known ? "magiclink" : "signup", wishes);
  });
  return c.json({});
}

async function checkSignIn(sql, { email, phone, password = "" }) {
  if (phone) throw noPhone("Phone logins are disabled");
  if (!email) throw invalid("missing email or phone");
  const user = await findUser(sql, email);
  if (!user?.encrypted_password) throw invalidCredentials();
  if (isBanned(user)) throw userBanned(400);
  // The library tells an unconfirmed address before it has seen the right password.
  if (!user.email_confirmed_at && !(await passwordMatches(sql, user, password))) {
    throw invalidCredentials();
  }
}

async function checkRefresh(sql, { refresh_token: token = "" }) {
  const [user] = await sql`
    select users.* from auth.refresh_tokens join auth.users on users.id = refresh_tokens.user_id
    where refresh_tokens.token = ${token}`;
  if (user && isBanned(user)) throw userBanned(400);
}

/** The answer to a sign-up with an address that is taken: it must not tell that it is. */
function obscured(email, data = {}) {
  const now = new Date();
  const user = {
    id: randomUUID(),
    aud: "authenticated",
    role: "",
    email,
    phone: "",
    raw_app_meta_data: { provider: "email", providers: ["email"] },
    raw_user_meta_data: data,
    confirmation_sent_at: now,
    created_at: now,
    updated_at: now,
    is_anonymous: false,
  };
  return toUser(user, []);
}
