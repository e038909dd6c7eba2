import { connect } from "node:net";

const PATIENCE_MS = 2000;

/** A part of the stack this process depends on does not answer. */
export class PartDown extends Error {
  /** @param {"postgres" | "postgrest" | "mail"} part */
  constructor(part, options) {
    super(`${part} does not answer`, options);
    this.part = part;
  }
}

/**
 * @param {import("./config.mjs").Config} config
 * @param {import("postgres").Sql} sql
 * @returns {Promise<Record<"postgres" | "postgrest" | "mail", "ok" | "down">>}
 */
export async function health(config, sql) {
  const checks = {
    postgres: () => sql`select 1`,
    postgrest: () => answers(config.postgrestUrl),
    mail: () => accepts(config.smtpHost, config.smtpPort),
  };
  const states = Object.entries(checks).map(async ([part, check]) => [part, await state(check)]);
  return Object.fromEntries(await Promise.all(states));
}

/**
 * The part whose absence explains a failure, or undefined when none is missing.
 *
 * @param {unknown} error
 * @param {import("postgres").Sql} sql
 */
export async function partBehind(error, sql) {
  if (error instanceof PartDown) return error.part;
  return (await state(() => sql`select 1`)) === "ok" ? undefined : "postgres";
}

async function state(check) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, PATIENCE_MS, new Error("too late"));
  });
  try {
    await Promise.race([check(), late]);
    return "ok";
  } catch {
    return "down";
  } finally {
    clearTimeout(timer);
  }
}

// Any path will do: PostgREST answers 503 until it has read the schema.
async function answers(url) {
  const response = await fetch(`${url}/_health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  await response.body?.cancel();
  if (response.status >= 500) throw new Error(`status ${response.status}`);
}

function accepts(host, port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: PATIENCE_MS });
    const settle = (how) => (value) => {
      socket.destroy();
      how(value);
    };
    socket.once("connect", settle(resolve));
    socket.once("error", settle(reject));
    socket.once("timeout", settle(reject));
  });
}
