/** Codes that change every thirty seconds: RFC 6238, as authenticator apps make them. */

const STEP_MS = 30_000;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export function newSecret(): string {
  const random = crypto.getRandomValues(new Uint8Array(32));
  return Array.from(random, (byte) => ALPHABET[byte % 32]).join("");
}

/** The code of now, or of so many steps later. */
export async function codeOf(secret: string, steps = 0): Promise<string> {
  const bits = [...secret]
    .map((one) => ALPHABET.indexOf(one).toString(2).padStart(5, "0"))
    .join("");
  const bytes = bits.match(/.{8}/g) ?? [];
  const key = await crypto.subtle.importKey(
    "raw",
    Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2)),
    { name: "HMAC", hash: "SHA-1" },
    false,
    ["sign"],
  );
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(Date.now() / STEP_MS) + steps));
  const digest = new DataView(await crypto.subtle.sign("HMAC", key, counter));
  const number = digest.getUint32(digest.getUint8(digest.byteLength - 1) & 0xf) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** Whether it is the code of this moment, or of the step before or after. */
export async function isCode(secret: string, code: string): Promise<boolean> {
  return (await Promise.all([-1, 0, 1].map((steps) => codeOf(secret, steps)))).includes(code);
}
