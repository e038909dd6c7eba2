import { randomBytes } from "node:crypto";
import postgres from "postgres";
import { log } from "../log.mjs";
import { Decoder } from "./pgoutput.mjs";

const COPY_DATA = 0x77;
const KEEPALIVE = 0x6b;
const STATUS_UPDATE = 0x72;
const BATCH = 200;
const RETRY_MS = 1000;
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

/**
 * Follows publications by logical decoding, as the hosted service does. It needs no triggers, so
 * nothing shows in the schema and nothing is added to a write, bulk or not; and a table takes part
 * from the moment `alter publication` commits. The slot is temporary: it holds no write-ahead log
 * back while the service is down, and changes of that time are not delivered, as on hosted. Nor is
 * anything followed while nobody is connected: decoding costs every commit, whoever listens.
 */
export class Replication {
  #wanted = false;
  #running = false;
  #client = null;
  #connected = Promise.withResolvers();

  /**
   * @param {string} databaseUrl of a role that may replicate
   * @param {string[]} publications
   * @param {object} receiver
   * @param {(change: import("./pgoutput.mjs").Change) => boolean} receiver.wants asked first, so
   *   that a change nobody follows costs nothing more
   * @param {(changes: import("./pgoutput.mjs").Change[]) => Promise<void>} receiver.deliver gets
   *   the changes of committed transactions in order, and the next ones when it is done
   */
  constructor(databaseUrl, publications, receiver) {
    this.databaseUrl = databaseUrl;
    this.publications = publications.join(",");
    this.receiver = receiver;
  }

  /** Resolves as soon as changes are followed. */
  get connected() {
    return this.#connected.promise;
  }

  start() {
    this.#wanted = true;
    if (!this.#running) this.#run();
  }

  async stop() {
    this.#wanted = false;
    await this.#client?.end({ timeout: 1 });
  }

  async #run() {
    this.#running = true;
    let reported = "";
    while (this.#wanted) {
      try {
        await this.#follow(() => {
          reported = "";
        });
      } catch ({ message }) {
        // Said once, not with every attempt.
        if (this.#wanted && message !== reported) log("error", "realtime replication", message);
        reported = message;
      }
      this.#connected = Promise.withResolvers();
      if (this.#wanted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    this.#running = false;
  }

  async #follow(onConnected) {
    this.#client = postgres(this.databaseUrl, {
      max: 1,
      fetch_types: false,
      connect_timeout: 5,
      idle_timeout: null,
      max_lifetime: null,
      onnotice: () => {},
      connection: {
        application_name: "firmbase-realtime",
        replication: "database",
        // While changes are delivered no acknowledgement is sent, however long that takes.
        wal_sender_timeout: "0",
        DateStyle: "ISO",
        IntervalStyle: "postgres",
        extra_float_digits: "3",
      },
    });
    const client = this.#client;
    try {
      const slot = `realtime_${randomBytes(6).toString("hex")}`;
      await client.unsafe(`CREATE_REPLICATION_SLOT ${slot} TEMPORARY LOGICAL pgoutput`);
      const stream = await client
        .unsafe(
          `START_REPLICATION SLOT ${slot} LOGICAL 0/0 ` +
            `(proto_version '1', publication_names '${this.publications}')`,
        )
        .writable();
      log("info", "realtime replication connected");
      this.#connected.resolve();
      onConnected();
      await this.#read(stream);
    } finally {
      await client.end({ timeout: 1 });
    }
  }

  #read(stream) {
    const decoder = new Decoder();
    let batch = [];
    const deliver = async () => {
      const changes = batch;
      batch = [];
      stream.pause();
      await this.receiver.deliver(changes).catch((error) => log("error", "realtime", error));
      stream.resume();
    };
    stream.on("data", (message) => {
      if (message[0] === KEEPALIVE) acknowledge(stream, message.readBigUInt64BE(1));
      if (message[0] !== COPY_DATA) return;
      const { change, commit } = decoder.decode(message.subarray(25));
      if (change && this.receiver.wants(change)) batch.push(change);
      if (commit) acknowledge(stream, commit);
      if (batch.length >= BATCH || (commit && batch.length > 0)) deliver();
    });
    return new Promise((resolve, reject) => stream.on("close", resolve).on("error", reject));
  }
}

// Without it the server would keep its write-ahead log, and could not shut down.
function acknowledge(stream, position) {
  const message = Buffer.alloc(34);
  message[0] = STATUS_UPDATE;
  for (const offset of [1, 9, 17]) message.writeBigUInt64BE(position, offset);
  message.writeBigInt64BE(BigInt(Date.now() - POSTGRES_EPOCH_MS) * 1000n, 25);
  if (stream.writable) stream.write(message);
}
