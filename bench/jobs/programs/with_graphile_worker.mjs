/** Graphile Worker with what its page on performance calls batching. */

import { Logger, makeWorkerUtils, run, runMigrations, runOnce } from "graphile-worker";
import { main, ping, say, Tally, timed } from "./protocol.mjs";

const CONCURRENCY = 24;

const logger = new Logger(() => () => {});
const connectionString = process.env.DATABASE_URL;
const plain = { worker: { connectionString, logger } };
const batched = {
  worker: {
    ...plain.worker,
    concurrentJobs: CONCURRENCY,
    maxPoolSize: CONCURRENCY + 2,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
  },
};

async function withUtils(call) {
  const utils = await makeWorkerUtils({ preset: plain });
  await call(utils);
  await utils.release();
}

await main({
  prepare: () => runMigrations({ preset: plain }),

  bulk: (jobs) =>
    withUtils((utils) =>
      timed(() =>
        utils.addJobs(Array.from({ length: jobs }, () => ({ identifier: "noop", payload: {} }))),
      ),
    ),

  single: (jobs) =>
    withUtils((utils) =>
      timed(async () => {
        for (let n = 0; n < jobs; n += 1) await utils.addJob("noop", {});
      }),
    ),

  ping: (jobs) => withUtils((utils) => ping(jobs, (sent) => utils.addJob("noop", { sent }))),

  async work() {
    const tally = new Tally();
    const taskList = { noop: async ({ sent }) => tally.begin(sent) };
    const runner = await run({ preset: batched, taskList, parsedCronItems: [] });
    say({ ready: true });
    await runner.promise;
    process.exit();
  },

  idle: () => runOnce({ preset: plain, taskList: { noop: async () => {} } }),
});
