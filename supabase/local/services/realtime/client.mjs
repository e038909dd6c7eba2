import { log } from "../log.mjs";
import { Channel } from "./channel.mjs";
import { decode, encode, MalformedFrame } from "./frames.mjs";

const MAX_BUFFERED_BYTES = 16 * 1024 * 1024;
const MAX_WAITING_FRAMES = 64;
const SILENCE_MS = 60_000;
const POLICY_VIOLATION = 1008;

/** One WebSocket connection: takes its frames one after the other and hands them to channels. */
export class Client {
  /** @type {Map<string, Channel>} topic → channel */
  #channels = new Map();
  #queue = Promise.resolve();
  #waiting = 0;
  #lastHeard = Date.now();

  /**
   * @param {import("ws").WebSocket} ws
   * @param {string} version of the protocol
   * @param {import("../keys.mjs").Caller} caller of the API key
   * @param {import("./channel.mjs").Services} services
   */
  constructor(ws, version, caller, services) {
    this.ws = ws;
    this.version = version;
    this.caller = caller;
    this.services = services;
    ws.on("message", (data, isBinary) => this.#enqueue(data, isBinary));
    ws.on("close", () => this.#closeChannels());
    // ws closes the connection itself, with the right code, after an oversized or invalid frame.
    ws.on("error", (error) => log("error", "realtime client", error.message));
  }

  /** Drops the connection if the client has not been heard of for too long. */
  expire() {
    if (Date.now() - this.#lastHeard > SILENCE_MS) this.ws.terminate();
  }

  /** @param {string | Buffer} frame */
  send(frame) {
    if (this.ws.readyState !== this.ws.OPEN) return;
    if (this.ws.bufferedAmount > MAX_BUFFERED_BYTES) {
      log("error", "realtime client dropped: it does not read what it is sent");
      this.ws.terminate();
      return;
    }
    this.ws.send(frame, () => {});
  }

  /** @param {Parameters<typeof encode>[1]} message */
  push(message) {
    this.send(encode(this.version, message));
  }

  /** @param {{ topic: string, joinRef: string | null }} to */
  reply({ topic, joinRef }, ref, status, response) {
    const payload = JSON.stringify({ status, response });
    this.push({ joinRef, ref, topic, event: "phx_reply", payload });
  }

  /** @param {Channel} channel that has been left or closed */
  forget(channel) {
    if (this.#channels.get(channel.topic) === channel) this.#channels.delete(channel.topic);
  }

  #enqueue(data, isBinary) {
    this.#lastHeard = Date.now();
    this.#waiting += 1;
    if (this.#waiting >= MAX_WAITING_FRAMES) this.ws.pause();
    this.#queue = this.#queue.then(async () => {
      await this.#take(data, isBinary);
      this.#waiting -= 1;
      if (this.#waiting === 0 && this.ws.isPaused) this.ws.resume();
    });
  }

  async #take(data, isBinary) {
    if (this.ws.readyState !== this.ws.OPEN) return;
    let message;
    try {
      message = decode(this.version, data, isBinary);
      await this.#handle(message);
    } catch (error) {
      if (error instanceof MalformedFrame) {
        this.ws.close(POLICY_VIOLATION, error.message);
        return;
      }
      log("error", `realtime ${message?.event}`, error);
      this.#channels.get(message?.topic)?.close("phx_error");
    }
  }

  async #handle(message) {
    const { topic, event, ref, joinRef } = message;
    const channel = this.#channels.get(topic);
    if (topic === "phoenix" && event === "heartbeat") this.reply(message, ref, "ok", {});
    else if (event === "phx_join" && topic.startsWith("realtime:")) await this.#join(message);
    else if (!channel) this.#replyUnjoined(message);
    // A frame of a channel that has been joined anew since.
    else if (joinRef === null || joinRef === channel.joinRef) await channel.handle(message);
  }

  async #join(message) {
    this.#channels.get(message.topic)?.close("phx_close");
    const channel = new Channel(this, message, this.services);
    this.#channels.set(message.topic, channel);
    const isJoined = await channel.join(message);
    if (!isJoined || this.ws.readyState !== this.ws.OPEN) channel.close();
  }

  #replyUnjoined(message) {
    if (message.event === "phx_leave") this.reply(message, message.ref, "ok", {});
    else this.reply(message, message.ref, "error", { reason: "unmatched topic" });
  }

  #closeChannels() {
    for (const channel of this.#channels.values()) channel.close();
  }
}
