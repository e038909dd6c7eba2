/** The same as protocol.py, which says what it is. */

import { setTimeout as sleep } from "node:timers/promises";

export async function main(verbs) {
  const [verb, ...numbers] = process.argv.slice(2);
  await verbs[verb](...numbers.map(Number));
}

export function say(facts) {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

export async function timed(call) {
  const begun = performance.now();
  await call();
  say({ seconds: (performance.now() - begun) / 1000 });
}

/** Seconds since 1970. */
export function now() {
  return (performance.timeOrigin + performance.now()) / 1000;
}

/** Calls `enqueue` with the time of the call so many times, with an uneven rest between. */
export async function ping(times, enqueue) {
  for (let n = 0; n < times; n += 1) {
    await enqueue(now());
    await sleep(30 + Math.random() * 40);
  }
}

export class Tally {
  #count = 0;
  #said = 0;
  #first = 0;
  #last = 0;
  #waited = [];

  constructor() {
    setInterval(() => this.#report(), 10);
  }

  begin(sent) {
    this.#last = now();
    if (this.#count === 0) this.#first = this.#last;
    this.#count += 1;
    if (sent) this.#waited.push((this.#last - sent) * 1000);
  }

  #report() {
    if (this.#count === this.#said) return;
    say({ count: this.#count, first: this.#first, last: this.#last, waited: this.#waited });
    this.#said = this.#count;
    this.#waited = [];
  }
}
