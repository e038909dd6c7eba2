/**
 * What the supervisor tells this process, read once at the start.
 *
 * @typedef {object} Config
 * @property {number} apiPort port of the gateway on 127.0.0.1
 * @property {string} apiUrl public base of the API, without a trailing slash
 * @property {string} siteUrl where links in mails lead in the end
 * @property {string} databaseUrl superuser connection
 * @property {string} postgrestUrl
 * @property {string} jwtSecret HS256
 * @property {string} publishableKey sb_publishable_…
 * @property {string} secretKey sb_secret_…
 * @property {string} anonKey role token of the publishable key, and the legacy key
 * @property {string} serviceRoleKey role token of the secret key, and the legacy key
 * @property {string} smtpHost
 * @property {number} smtpPort
 * @property {string} storageDir
 * @property {string} denoDir what Deno keeps for the Edge Functions
 * @property {string[]} openFunctions names of those that need no key
 * @property {number} appPort port of the app on 127.0.0.1
 * @property {string} appDir where the built app lies, if it was built
 * @property {boolean} autoconfirm whether a sign-up needs no confirmation by mail
 * @property {number} jwtExpiry seconds an access token lives
 * @property {number} passwordMinLength characters
 */

const SETTINGS = {
  apiPort: ["API_PORT", port],
  apiUrl: ["API_URL", url],
  siteUrl: ["SITE_URL", url],
  databaseUrl: ["DATABASE_URL", url],
  postgrestUrl: ["POSTGREST_URL", url],
  jwtSecret: ["JWT_SECRET", text],
  publishableKey: ["PUBLISHABLE_KEY", text],
  secretKey: ["SECRET_KEY", text],
  anonKey: ["ANON_KEY", text],
  serviceRoleKey: ["SERVICE_ROLE_KEY", text],
  smtpHost: ["SMTP_HOST", text],
  smtpPort: ["SMTP_PORT", port],
  storageDir: ["STORAGE_DIR", text],
  denoDir: ["DENO_DIR", text],
  appPort: ["APP_PORT", port],
  appDir: ["APP_DIR", text],
};

/** A setting is missing or makes no sense; the message is one sentence. */
export class ConfigError extends Error {}

/**
 * @param {Record<string, string | undefined>} env
 * @returns {Config}
 * @throws {ConfigError}
 */
export function readConfig(env) {
  const missing = Object.values(SETTINGS)
    .map(([name]) => name)
    .filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new ConfigError(`Set ${missing.join(", ")}: the local services need it to start.`);
  }
  const config = Object.entries(SETTINGS).map(([key, [name, parse]]) => [
    key,
    parse(env[name], name),
  ]);
  // What config.toml may say of Auth; else the defaults of the Supabase CLI.
  const { AUTH_AUTOCONFIRM = "true", JWT_EXPIRY = "3600", PASSWORD_MIN_LENGTH = "6" } = env;
  const { OPEN_FUNCTIONS = "" } = env;
  if (!["true", "false"].includes(AUTH_AUTOCONFIRM)) {
    throw new ConfigError("AUTH_AUTOCONFIRM must be true or false.");
  }
  return {
    ...Object.fromEntries(config),
    openFunctions: OPEN_FUNCTIONS.split(" "),
    autoconfirm: AUTH_AUTOCONFIRM === "true",
    jwtExpiry: count(JWT_EXPIRY, "JWT_EXPIRY"),
    passwordMinLength: count(PASSWORD_MIN_LENGTH, "PASSWORD_MIN_LENGTH"),
  };
}

function text(value) {
  return value;
}

function port(value, name) {
  const number = count(value, name);
  if (number > 65535) throw new ConfigError(`${name} must be a port between 1 and 65535.`);
  return number;
}

function count(value, name) {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new ConfigError(`${name} must be a whole number above zero.`);
  }
  return number;
}

function url(value, name) {
  // The value stays out of the message: a database URL carries a password.
  if (!URL.canParse(value)) throw new ConfigError(`${name} must be a URL.`);
  return value.replace(/\/+$/, "");
}
