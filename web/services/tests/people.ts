/** Whom the suites are played by, and what they ask of an answer. */
import assert from "node:assert/strict";
import { ServiceError, type Services, type Watcher } from "../index.ts";
import type { Stage } from "./stages.ts";

export const PASSWORD = "a long passphrase";

export interface Person extends Services {
  id: string;
  email: string;
}

export async function people<Names extends string[]>(
  stage: Stage,
  ...names: Names
): Promise<{ [Name in keyof Names]: Person }> {
  const join = async (name: string): Promise<Person> => {
    const services = stage.device();
    const email = newEmail(name.toLowerCase());
    await services.auth.signUp({ name, email, password: PASSWORD });
    const { id } = await services.auth.confirm(email, await stage.secret(email, "Confirm"));
    return { ...services, id, email };
  };
  return Promise.all(names.map(join)) as Promise<{ [Name in keyof Names]: Person }>;
}

export async function firmOf(stage: Stage): Promise<{ ada: Person; firmId: string }> {
  const [ada] = await people(stage, "Ada");
  const { id } = await ada.firms.create({ name: "Northlight Advisory", slug: newSlug() });
  return { ada, firmId: id };
}

/** Everything a watcher was told; returns once it is told things. */
export async function watching<T>(
  watch: (firmId: string, watcher: Watcher<T>) => () => void,
  firmId: string,
): Promise<{ rows: T[]; stop: () => void }> {
  const rows: T[] = [];
  return new Promise((resolve) => {
    const stop = watch(firmId, {
      ready: () => resolve({ rows, stop: () => stop() }),
      changed: (row) => rows.push(row),
    });
  });
}

export async function fails(code: string, attempt: Promise<unknown>): Promise<ServiceError> {
  const outcome = await attempt.then(
    (value) => `nothing failed: ${JSON.stringify(value)}`,
    (error) => error,
  );
  assert.ok(outcome instanceof ServiceError, String(outcome.stack ?? outcome));
  assert.equal(outcome.code, code, `${outcome.code}: ${outcome.message}`);
  return outcome;
}

export function textFile(name: string) {
  const text = `1,450 euros a day, as ${name} says.`;
  return { name, body: new Blob([text], { type: "text/plain" }) };
}

export const newEmail = (name: string): string =>
  `${name}-${crypto.randomUUID().slice(0, 8)}@example.com`;
export const newSlug = (): string => `firm-${crypto.randomUUID().slice(0, 8)}`;
