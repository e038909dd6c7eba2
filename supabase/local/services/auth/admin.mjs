import { emailExists, invalid, notAdmin, unexpected, userNotFound } from "./errors.mjs";
import { banSeconds, checkedEmail, checkPassword, readBody, UUID } from "./input.mjs";
import { issueLink, linkWishes, sendLinkIn } from "./links.mjs";
import { bearerClaims } from "./sessions.mjs";
import {
  addIdentity,
  createUser,
  endSessions,
  findUser,
  findUserById,
  hashed,
  softDelete,
  toUser,
  userJson,
} from "./users.mjs";

const PER_PAGE = 50;
const LAST_PAGE = 1_000_000_000;

/**
 * What the holder of the secret key does with anybody's account.
 *
 * @param {import("hono").Hono} app
 * @param {import("./server.mjs").Auth} auth
 */
export function addAdminRoutes(app, auth) {
  const { sql, config } = auth;

  const adminOnly = async (c, next) => {
    const claims = await bearerClaims(c.req.raw, config.jwtSecret);
    if (claims.role !== "service_role") throw notAdmin();
    await next();
  };
  app.use("/admin/*", adminOnly);
  app.use("/invite", adminOnly);

  app.get("/admin/users", async (c) => {
    const page = pageNumber(c.req.query("page"), 1);
    const perPage = pageNumber(c.req.query("per_page"), PER_PAGE);
    const [{ total }] = await sql`select count(*)::int as total from auth.users`;
    const users = await sql`
      select users.*, coalesce(
        (select jsonb_agg(identities order by identities.created_at)
         from auth.identities where identities.user_id = users.id), '[]') as identities,
        coalesce(
        (select jsonb_agg(mfa_factors order by mfa_factors.created_at)
         from auth.mfa_factors where mfa_factors.user_id = users.id), '[]') as factors
      from auth.users order by created_at desc, id
      limit ${perPage} offset ${(page - 1) * perPage}`;
    c.header("X-Total-Count", String(total));
    c.header("Link", pageLinks(page, perPage, total));
    return c.json({
      users: users.map((user) => toUser(user, user.identities, user.factors)),
      aud: "authenticated",
    });
  });

  app.post("/admin/users", async (c) => {
    const body = await readBody(c.req.raw);
    if (!body.email && !body.phone) {
      throw invalid("Cannot create a user without either an email or phone");
    }
    if (body.id && !UUID.test(body.id)) throw invalid("ID must conform to the uuid v4 format");
    if (body.password && body.password_hash) {
      throw invalid("Only a password or a password hash should be provided");
    }
    // Whoever holds the key may set a short password, but none that bcrypt would cut off.
    if (body.password) checkPassword(body.password, 0);
    const input = {
      id: body.id,
      email: body.email && checkedEmail(body.email),
      phone: body.phone,
      password: body.password,
      passwordHash: body.password_hash,
      confirmed: body.email_confirm,
      userMetadata: body.user_metadata,
      appMetadata: body.app_metadata,
      role: body.role,
    };
    const id = await sql.begin(async (tx) => {
      const created = await createUser(tx, input);
      if (body.phone_confirm) await confirm(tx, created, "phone_confirmed_at");
      if (body.ban_duration) await ban(tx, created, body.ban_duration);
      return created;
    });
    return c.json(await userJson(sql, id));
  });

  app.get("/admin/users/:id", async (c) => {
    const { id } = await namedUser(sql, c);
    return c.json(await userJson(sql, id));
  });

  app.put("/admin/users/:id", async (c) => {
    const user = await namedUser(sql, c);
    const body = await readBody(c.req.raw);
    if (body.email) body.email = checkedEmail(body.email);
    if (body.password) checkPassword(body.password, config.passwordMinLength);
    await sql.begin((tx) => updateUser(tx, user, body));
    return c.json(await userJson(sql, user.id));
  });

  app.delete("/admin/users/:id", async (c) => {
    const user = await namedUser(sql, c);
    const { should_soft_delete: soft } = await readBody(c.req.raw);
    try {
      if (soft) await sql.begin((tx) => softDelete(tx, user));
      else await sql`delete from auth.users where id = ${user.id}`;
    } catch (error) {
      throw unexpected("Database error deleting user", error);
    }
    return c.json({});
  });

  app.post("/invite", async (c) => {
    const body = await readBody(c.req.raw);
    const email = checkedEmail(body.email);
    const wishes = linkWishes(config, c.req.raw, body);
    const id = await sql.begin(async (tx) => {
      const invited = await inviteeId(tx, email, body.data);
      await sendLinkIn(tx, auth, { id: invited, email }, "invite", wishes);
      return invited;
    });
    return c.json(await userJson(sql, id));
  });

  app.post("/admin/generate_link", async (c) => {
    const body = await readBody(c.req.raw);
    const email = checkedEmail(body.email);
    const wishes = linkWishes(config, c.req.raw, body);
    const { id, kind, link } = await sql.begin(async (tx) => {
      const target = await linkTarget(tx, config, email, body);
      const user = await findUserById(tx, target.id);
      return { ...target, link: await issueLink(tx, config, user, target.kind, wishes) };
    });
    return c.json({
      ...(await userJson(sql, id)),
      action_link: link.url,
      email_otp: link.otp,
      hashed_token: link.hash,
      redirect_to: wishes.redirectTo,
      verification_type: kind,
    });
  });
}

/** Whom a generated link is for, and its kind; creates or changes the user as the kind demands. */
async function linkTarget(tx, config, email, { type, password, data, new_email: newEmail }) {
  const user = await findUser(tx, email);
  switch (type) {
    case "signup":
    case "magiclink":
      if (user && type === "magiclink") return { id: user.id, kind: "magiclink" };
      if (user?.email_confirmed_at) throw emailExists();
      if (type === "signup" && !user) {
        if (!password) throw invalid("Signup requires a valid password");
        checkPassword(password, config.passwordMinLength);
      }
      return {
        id: user?.id ?? (await createUser(tx, { email, password, userMetadata: data })),
        kind: "signup",
      };
    case "invite":
      return { id: await inviteeId(tx, email, data), kind: "invite" };
    case "recovery":
      if (!user) throw userNotFound("User with this email not found");
      return { id: user.id, kind: "recovery" };
    case "email_change_current":
    case "email_change_new": {
      if (!user) throw userNotFound("User with this email not found");
      const wanted = checkedEmail(newEmail);
      if (await findUser(tx, wanted)) throw emailExists();
      await tx`
        update auth.users set email_change = ${wanted}, email_change_confirm_status = 0
        where id = ${user.id}`;
      return { id: user.id, kind: type };
    }
    default:
      throw invalid(`Invalid email action link type requested: ${type}`);
  }
}

async function inviteeId(tx, email, data) {
  const user = await findUser(tx, email);
  if (user?.email_confirmed_at) throw emailExists();
  const id = user?.id ?? (await createUser(tx, { email, userMetadata: data }));
  await tx`update auth.users set invited_at = now() where id = ${id}`;
  return id;
}

async function updateUser(tx, user, body) {
  const { id } = user;
  if (body.role) await tx`update auth.users set role = ${body.role} where id = ${id}`;
  if (body.phone) await tx`update auth.users set phone = ${body.phone} where id = ${id}`;
  if (body.email) await changeEmail(tx, user, body.email);
  if (body.email_confirm) await confirm(tx, id, "email_confirmed_at");
  if (body.phone_confirm) await confirm(tx, id, "phone_confirmed_at");
  if (body.password) {
    const hash = await hashed(tx, body.password);
    await tx`update auth.users set encrypted_password = ${hash} where id = ${id}`;
    await endSessions(tx, id);
  }
  if (body.user_metadata) await merge(tx, id, "raw_user_meta_data", body.user_metadata);
  if (body.app_metadata) await merge(tx, id, "raw_app_meta_data", body.app_metadata);
  if (body.ban_duration) await ban(tx, id, body.ban_duration);
  await tx`update auth.users set updated_at = now() where id = ${id}`;
}

async function changeEmail(tx, user, email) {
  const owner = await findUser(tx, email);
  if (owner && owner.id !== user.id) throw emailExists();
  await tx`update auth.users set email = ${email} where id = ${user.id}`;
  const updated = await tx`
    update auth.identities set identity_data = identity_data || ${tx.json({ email })}
    where user_id = ${user.id} and provider = 'email' returning id`;
  if (updated.length === 0) await addIdentity(tx, user.id, "email", { sub: user.id, email });
}

async function confirm(tx, id, column) {
  await tx`update auth.users set ${tx(column)} = coalesce(${tx(column)}, now()) where id = ${id}`;
}

async function merge(tx, id, column, changes) {
  const removed = Object.keys(changes).filter((key) => changes[key] === null);
  await tx`
    update auth.users
    set ${tx(column)} = (coalesce(${tx(column)}, '{}') || ${tx.json(changes)}) - ${removed}::text[]
    where id = ${id}`;
}

async function ban(tx, id, duration) {
  const seconds = banSeconds(duration);
  const until = seconds > 0 ? tx`now() + make_interval(secs => ${seconds})` : null;
  await tx`update auth.users set banned_until = ${until} where id = ${id}`;
}

async function namedUser(sql, c) {
  const id = c.req.param("id");
  if (!UUID.test(id)) throw invalid("user_id must be an UUID", 404);
  const user = await findUserById(sql, id);
  if (!user) throw userNotFound();
  return user;
}

function pageNumber(text, otherwise) {
  if (text === undefined || text === "") return otherwise;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > LAST_PAGE) {
    throw invalid(
      `Bad Pagination Parameters: strconv.ParseUint: parsing "${text}": invalid syntax`,
    );
  }
  return number || otherwise;
}

function pageLinks(page, perPage, total) {
  const last = Math.max(1, Math.ceil(total / perPage));
  const link = (number, rel) => `</admin/users?page=${number}&per_page=${perPage}>; rel="${rel}"`;
  return [...(page < last ? [link(page + 1, "next")] : []), link(last, "last")].join(", ");
}
