import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createServices, type Services } from "../index.ts";
import { createMemoryServices, type Mail, MemoryBackend } from "../memory.ts";

/** Somewhere the suite can be played: everybody is new there, and all see the same firm. */
export interface Stage {
  name: string;
  /** The services of a device nobody is signed in on. */
  device(): Services;
  /** The code or the token of the mail to an address, once it is there. */
  secret(to: string, subject: string): Promise<string>;
  /** What ends mails like that one, of those that are there. */
  unsubscribeToken(to: string, subject: string): Promise<string>;
  /** Does what waits for the job runner. */
  work(): Promise<void>;
}

function inMemory(): Stage {
  const mails: Mail[] = [];
  const backend = new MemoryBackend({ workAfterMs: null, onMail: (mail) => mails.push(mail) });
  const find = (to: string, subject: string) =>
    mails.findLast((mail) => mail.to === to && mail.subject.includes(subject));
  return {
    name: "in memory",
    device: () => createMemoryServices(backend),
    secret: (to, subject) => eventually(() => find(to, subject)?.secret ?? undefined),
    unsubscribeToken: (to, subject) =>
      eventually(() => find(to, subject)?.unsubscribe ?? undefined),
    work: async () => backend.work(),
  };
}

function onSupabase(env: Record<string, string | undefined>): Stage {
  const { SUPABASE_URL = "", SUPABASE_PUBLISHABLE_KEY = "", MAIL_URL = "", PYTHON = "" } = env;
  const work = async () => {
    await promisify(execFile)(PYTHON, ["-m", "edge_jobs", "run"]);
  };
  const inMail = (to: string, subject: string, pattern: RegExp) =>
    eventually(async () => {
      const mails = await (await fetch(`${MAIL_URL}/api/email`)).json();
      const mail = mails.findLast(
        (one: { to: { address: string }[]; subject: string }) =>
          one.to[0]?.address === to && one.subject.includes(subject),
      );
      return mail && pattern.exec(mail.text)?.slice(1).find(Boolean);
    });
  return {
    name: "on Supabase",
    device: () => createServices({ url: SUPABASE_URL, publishableKey: SUPABASE_PUBLISHABLE_KEY }),
    async secret(to, subject) {
      // Codes are sent by Auth itself, everything else by the job runner.
      if (/invites|please sign/.test(subject)) await work();
      return inMail(to, subject, /#token=(\w+)|\b(\d{6})\b/);
    },
    unsubscribeToken: (to, subject) => inMail(to, subject, /\/unsubscribe\?token=([\w-]+)/),
    work,
  };
}

export const STAGES = [inMemory(), ...(process.env.SUPABASE_URL ? [onSupabase(process.env)] : [])];

const PATIENCE_MS = 15_000;

/** The answer of a question, once it has one. */
export async function eventually<T>(
  question: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await question();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`It never came to be: ${question}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
