import { readFileSync } from "node:fs";
import { PartDown } from "../parts.mjs";
import { unexpected } from "./errors.mjs";
import { SmtpEmailDriver } from "./lite.mjs";

const FROM = "Firmbase <no-reply@firmbase.test>";

/** The same files a hosted project is given; each with its subject. */
const SUBJECTS = {
  confirmation: "Confirm your email address",
  invite: "You have been invited to Firmbase",
  magic_link: "Your sign-in link",
  recovery: "Reset your password",
  email_change: "Confirm your new email address",
  reauthentication: "Your confirmation code",
};

const CONNECTION_ERRORS = ["ECONNECTION", "ECONNREFUSED", "EDNS", "ESOCKET", "ETIMEDOUT"];

/**
 * @param {import("../config.mjs").Config} config
 * @returns {(template: keyof typeof SUBJECTS, to: string, fields: Record<string, string>) =>
 *   Promise<void>} sends one mail; throws PartDown when the mail server does not answer
 */
export function createMailer(config) {
  const server = new SmtpEmailDriver({
    host: config.smtpHost,
    port: config.smtpPort,
    from: FROM,
    timeoutMs: 5000,
  });
  const templates = Object.fromEntries(
    Object.keys(SUBJECTS).map((name) => [name, readTemplate(name)]),
  );
  return async (template, to, fields) => {
    const values = { SiteURL: config.siteUrl, Email: to, NewEmail: "", ...fields };
    const message = {
      to,
      subject: SUBJECTS[template],
      html: fill(templates[template], values),
      text: [SUBJECTS[template], values.ConfirmationURL, values.Token].filter(Boolean).join("\n\n"),
    };
    try {
      await server.send(message);
    } catch (error) {
      if (CONNECTION_ERRORS.includes(error.cause?.code)) {
        throw new PartDown("mail", { cause: error });
      }
      throw unexpected("Error sending email", error);
    }
  };
}

function readTemplate(name) {
  return readFileSync(new URL(`../../../templates/${name}.html`, import.meta.url), "utf8");
}

function fill(template, values) {
  return template.replace(/{{\s*\.(\w+)\s*}}/g, (_, name) => escapeHtml(values[name] ?? ""));
}

function escapeHtml(text) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;" };
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}
