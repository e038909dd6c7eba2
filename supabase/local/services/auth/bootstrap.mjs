// Creates the auth schema of a new database: node services/auth/bootstrap.mjs, with DATABASE_URL
// of the superuser. Running it again changes nothing.
import { fileURLToPath } from "node:url";
import postgres from "postgres";
import { createLite } from "./lite.mjs";

const HOSTED_STATE = fileURLToPath(new URL("../../postgres/60_auth.sql", import.meta.url));

const url = process.env.DATABASE_URL;
if (!url) {
  console.log("Set DATABASE_URL: the superuser's connection to the new database.");
  process.exit(1);
}

const sql = postgres(url, { max: 1, onnotice: () => {} });
try {
  const [before] = await sql`
    select to_regclass('auth.users') as users, to_regnamespace('supabase_migrations') as history`;
  if (!before.users) {
    await createTables();
    // The library brings a migration history of its own; the Supabase CLI keeps the real one.
    if (!before.history) await sql`drop schema supabase_migrations cascade`;
  }
  await sql.begin((tx) => tx.file(HOSTED_STATE).simple());
} catch (error) {
  console.log(`The auth schema cannot be created: ${error.message}`);
  process.exitCode = 1;
} finally {
  await sql.end();
}

async function createTables() {
  const { app, connection } = createLite(url, { jwtSecret: "unused", autoconfirm: true });
  try {
    await app.ensureSystemSchema();
  } finally {
    await connection.close();
  }
}
