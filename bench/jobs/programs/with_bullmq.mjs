/** BullMQ on Redis: finished jobs are not kept. */

import { Queue, Worker } from "bullmq";
import { main, ping, say, Tally, timed } from "./protocol.mjs";

const CONCURRENCY = 100;
const CHUNK = 1000;

const { hostname: host, port } = new URL(process.env.REDIS_URL);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const options = { removeOnComplete: true };

async function withQueue(call) {
  const queue = new Queue("noop", { connection });
  await queue.waitUntilReady();
  await call(queue);
  await queue.close();
}

await main({
  bulk: (jobs) =>
    withQueue((queue) =>
      timed(async () => {
        for (let left = jobs; left > 0; left -= CHUNK) {
          const length = Math.min(left, CHUNK);
          await queue.addBulk(
            Array.from({ length }, () => ({ name: "noop", data: {}, opts: options })),
          );
        }
      }),
    ),

  single: (jobs) =>
    withQueue((queue) =>
      timed(async () => {
        for (let n = 0; n < jobs; n += 1) await queue.add("noop", {}, options);
      }),
    ),

  ping: (jobs) => withQueue((queue) => ping(jobs, (sent) => queue.add("noop", { sent }, options))),

  async work() {
    const tally = new Tally();
    const worker = new Worker("noop", async ({ data }) => tally.begin(data.sent), {
      connection,
      concurrency: CONCURRENCY,
    });
    await worker.waitUntilReady();
    say({ ready: true });
  },
});
