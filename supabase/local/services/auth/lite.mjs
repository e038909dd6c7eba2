import { App, SmtpEmailDriver } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";

export { SmtpEmailDriver };

/** Work factor of bcrypt. Passwords of a local stack are samples: signing in should cost little. */
export const PASSWORD_COST = 4;
process.env.LITE_AUTH_BCRYPT_COST = String(PASSWORD_COST);

export const OTP_EXPIRY_S = 3600;

const TIMESTAMPTZ = 1184;
const TIMESTAMP = 1114;
const JSON_TYPE = 114;
const JSONB = 3802;

// Python refuses "2026-11-22 10:10:03+00"; the session runs in UTC.
const rfc3339 = (text) => `${text.replace(" ", "T").replace(/\+00$/, "")}Z`;

// The library hands over JSON it has serialized already; doing it again would store a string.
const once = (value) => (typeof value === "string" ? value : JSON.stringify(value));

const type = (oid, serialize, parse) => ({ to: oid, from: [oid], serialize, parse });

const TYPES = {
  timestamptz: type(TIMESTAMPTZ, String, rfc3339),
  timestamp: type(TIMESTAMP, String, rfc3339),
  json: type(JSON_TYPE, once, JSON.parse),
  jsonb: type(JSONB, once, JSON.parse),
};

/**
 * @param {string} databaseUrl
 * @param {Pick<import("../config.mjs").Config,
 *   "jwtSecret" | "jwtExpiry" | "siteUrl" | "autoconfirm" | "passwordMinLength">} config
 * @param {Record<string, string>} [session] settings of the database sessions
 */
export function createLite(databaseUrl, config, session = {}) {
  const connection = createPostgresConnection({
    url: databaseUrl,
    postgresOptions: { max: 5, onnotice: () => {}, types: TYPES, connection: session },
  });
  const app = new App({
    connection,
    studio: { enabled: false },
    auth: {
      enabled: true,
      jwt_secret: config.jwtSecret,
      jwt_expiry: config.jwtExpiry,
      site_url: config.siteUrl,
      enable_refresh_token_rotation: true,
      minimum_password_length: config.passwordMinLength,
      email: {
        enable_confirmations: !config.autoconfirm,
        double_confirm_changes: true,
        otp_expiry: OTP_EXPIRY_S,
      },
    },
    // Its mails lead to the site instead of the API: links.mjs sends ours in their place.
    options: { server: { apiKeys: false }, drivers: { email: { send: async () => {} } } },
  });
  return { app, connection };
}
