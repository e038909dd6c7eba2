// Codes that change every thirty seconds: RFC 6238, as every authenticator app makes them.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const STEP_S = 30;
const DIGITS = 6;
const SECRET_BYTES = 20;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** How long one code can be entered: its own step and the ones before and after. */
export const CODE_LIFE_S = 3 * STEP_S;

/** @returns {string} a new secret in base32 */
export function newSecret() {
  const bits = [...randomBytes(SECRET_BYTES)].map((byte) => byte.toString(2).padStart(8, "0"));
  return bits
    .join("")
    .match(/.{5}/g)
    .map((five) => ALPHABET[Number.parseInt(five, 2)])
    .join("");
}

/**
 * @param {string} secret base32
 * @param {string} code what the person typed
 * @param {Date} [now]
 * @returns {boolean} whether it is the code of this moment, or of the step before or after
 */
export function isCode(secret, code, now = new Date()) {
  const step = Math.floor(now.getTime() / 1000 / STEP_S);
  const given = Buffer.from(code);
  return [step - 1, step, step + 1]
    .map((counter) => Buffer.from(codeAt(secret, counter)))
    .some((expected) => expected.length === given.length && timingSafeEqual(expected, given));
}

/** The code of one step; steps are counted from 1970. */
export function codeAt(secret, counter) {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const digest = createHmac("sha1", decoded(secret)).update(message).digest();
  const number = digest.readUInt32BE(digest.at(-1) & 0xf) & 0x7fffffff;
  return String(number % 10 ** DIGITS).padStart(DIGITS, "0");
}

function decoded(secret) {
  const bits = [...secret].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, "0"));
  return Buffer.from(
    bits
      .join("")
      .match(/.{8}/g)
      .map((byte) => Number.parseInt(byte, 2)),
  );
}

/** What an authenticator app reads out of the QR code. */
export function keyUri(secret, issuer, account) {
  const query = new URLSearchParams({
    algorithm: "SHA1",
    digits: String(DIGITS),
    issuer,
    period: String(STEP_S),
    secret,
  });
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  return `otpauth://totp/${label}?${query.toString().replaceAll("+", "%20")}`;
}
