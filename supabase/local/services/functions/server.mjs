import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { log } from "../log.mjs";

const FUNCTIONS = fileURLToPath(new URL("../../../functions", import.meta.url));
const MAIN = fileURLToPath(new URL("main.js", import.meta.url));
const BUILD = `${process.platform}-${process.arch}${process.platform === "linux" ? "-glibc" : ""}`;
const DENO = fileURLToPath(new URL(`../../node_modules/@deno/${BUILD}/deno`, import.meta.url));
const START_MS = 20_000;

/** What belongs to one connection; and fetch unpacks what it gets. */
const OWN_HEADERS = new Set([
  "accept-encoding",
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "transfer-encoding",
]);

/**
 * The Edge Functions of supabase/functions: each in a Deno of its own, which is started by its first
 * request and ends with this process. It reaches the gateway, and reads the settings below and the
 * folder of the functions, nothing else.
 *
 * @param {import("../config.mjs").Config} config
 */
export function createFunctions(config) {
  const running = new Map();
  const settings = {
    SUPABASE_URL: config.apiUrl,
    SUPABASE_ANON_KEY: config.anonKey,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: config.publishableKey }),
  };
  const flags = [
    ...["--no-prompt", "--no-config", "--no-lock", "--no-remote", "--no-npm"],
    `--allow-env=${[...Object.keys(settings), "APP_URL"]}`,
    // Port 0 is the one to listen on, which the system chooses.
    `--allow-net=${new URL(config.apiUrl).host},127.0.0.1:0`,
    `--allow-read=${FUNCTIONS}`,
  ];
  const env = {
    ...settings,
    DENO_DIR: config.denoDir,
    DENO_SERVE_ADDRESS: "tcp:127.0.0.1:0",
    DENO_NO_UPDATE_CHECK: "1",
    NO_COLOR: "1",
  };

  /** The base URL of a function; the same one until it ends. */
  function addressOf(name) {
    if (running.has(name)) return running.get(name).address;
    const deno = spawn(DENO, ["run", ...flags, MAIN, `${FUNCTIONS}/${name}/index.ts`], { env });
    const address = new Promise((resolve, reject) => {
      const fail = (why) => {
        if (running.get(name)?.deno === deno) running.delete(name);
        deno.kill();
        reject(new Error(`the function ${name} ${why}`));
      };
      const timer = setTimeout(fail, START_MS, "did not start in time");
      deno.once("error", (error) => fail(`cannot be started: ${error.message}`));
      deno.once("exit", (code, signal) => fail(`ended with ${signal ?? code}`));
      deno.once("exit", () => clearTimeout(timer));
      for (const output of [deno.stdout, deno.stderr]) {
        output.setEncoding("utf8").on("data", (text) => {
          const [, listening] = text.match(/Listening on (http:\S+)\//) ?? [];
          if (!listening) return log("info", `function ${name}: ${text.trim()}`);
          clearTimeout(timer);
          resolve(listening);
        });
      }
    });
    running.set(name, { deno, address });
    return address;
  }

  return {
    /** Whether a function needs no key, as verify_jwt in config.toml says. */
    isOpen: (name) => config.openFunctions.includes(name),

    /**
     * @param {Request} request
     * @param {string} name of the function
     * @returns {Promise<Response>}
     */
    async serve(request, name) {
      if (!/^[\w-]+$/.test(name) || !existsSync(`${FUNCTIONS}/${name}/index.ts`)) {
        const answer = { code: "NOT_FOUND", message: "Requested function was not found" };
        return Response.json(answer, { status: 404 });
      }
      const { pathname, search } = new URL(request.url);
      return fetch((await addressOf(name)) + pathname.slice("/functions/v1".length) + search, {
        method: request.method,
        headers: [...request.headers].filter(([header]) => !OWN_HEADERS.has(header)),
        body: request.body,
        duplex: "half",
        redirect: "manual",
      });
    },

    close() {
      for (const { deno } of running.values()) deno.kill();
    },
  };
}
