/** pg-boss, in batches of a thousand and woken by LISTEN/NOTIFY. */

import { PgBoss } from "pg-boss";
import { main, ping, say, Tally, timed } from "./protocol.mjs";

const BATCH = 1000;

async function withBoss(options, call) {
  const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, ...options });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await call(boss);
}

/** A client that queues jobs leaves the upkeep to the workers. */
function asClient(call) {
  return withBoss({ supervise: false, schedule: false, migrate: false }, async (boss) => {
    await call(boss);
    await boss.stop();
  });
}

await main({
  prepare: () =>
    withBoss({}, async (boss) => {
      await boss.createQueue("noop", { notify: true });
      await boss.stop();
    }),

  bulk: (jobs) =>
    asClient((boss) =>
      timed(() =>
        boss.insert(
          "noop",
          Array.from({ length: jobs }, () => ({ data: {} })),
        ),
      ),
    ),

  single: (jobs) =>
    asClient((boss) =>
      timed(async () => {
        for (let n = 0; n < jobs; n += 1) await boss.send("noop", {});
      }),
    ),

  ping: (jobs) => asClient((boss) => ping(jobs, (sent) => boss.send("noop", { sent }))),

  work: () =>
    withBoss({ useListenNotify: true }, async (boss) => {
      const tally = new Tally();
      await boss.work("noop", { batchSize: BATCH, burstWhenBatchFull: true }, async (jobs) => {
        for (const { data } of jobs) tally.begin(data.sent);
      });
      say({ ready: true });
    }),
});
