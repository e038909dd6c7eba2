import { randomUUID } from "node:crypto";
import { log } from "../log.mjs";
import { BindingRefused } from "./filters.mjs";
import { object } from "./frames.mjs";
import { readRights, writeRights } from "./policies.mjs";
import { expired, TokenRefused } from "./tokens.mjs";

const PREFIX = "realtime:";
const RETRY_MS = 5000;
const MAX_TIMER_MS = 3_600_000;
const ALL = { broadcast: true, presence: true };
const NONE = { broadcast: false, presence: false };

let lastBindingId = 0;

/** Why a client may not join; the message is for it. */
class JoinRefused extends Error {}

/**
 * One topic joined by one client, with the events of the hosted service.
 *
 * @typedef {object} Services
 * @property {import("postgres").Sql} sql
 * @property {(jwt: string) => Promise<import("../keys.mjs").Caller>} verify
 * @property {import("./topics.mjs").Topics} topics
 * @property {import("./changes.mjs").Changes} changes
 * @property {import("./replication.mjs").Replication} replication
 *
 * @typedef {import("./frames.mjs").Message} Message
 */
export class Channel {
  /** @type {import("../keys.mjs").Caller} */
  caller;
  isPrivate = false;
  presenceKey = "";
  mayRead = ALL;
  /** @type {import("./policies.mjs").Rights | null} asked for with the first message */
  #mayWrite = ALL;
  #acknowledges = false;
  #hearsItself = false;
  #hasPresence = false;
  #bindings = [];
  /** Looked at after every wait: the client may be gone by then, or its token expired. */
  #isClosed = false;
  #expiry;
  #retry;

  /**
   * @param {import("./client.mjs").Client} socket
   * @param {Message} message the join
   * @param {Services} services
   */
  constructor(socket, { topic, joinRef, ref }, services) {
    this.socket = socket;
    this.topic = topic;
    this.joinRef = joinRef ?? ref;
    this.services = services;
  }

  get #name() {
    return this.topic.slice(PREFIX.length);
  }

  /**
   * Joins, or tells the client why not.
   *
   * @param {Message} message
   * @returns {Promise<boolean>}
   */
  async join({ ref, payload }) {
    const config = object(payload.config);
    const broadcast = object(config.broadcast);
    const presence = object(config.presence);
    const wanted = Array.isArray(config.postgres_changes) ? config.postgres_changes : [];
    this.isPrivate = config.private === true;
    this.presenceKey = presence.key ? String(presence.key) : randomUUID();
    this.#acknowledges = broadcast.ack === true;
    this.#hearsItself = broadcast.self === true;
    this.#hasPresence = presence.enabled === true;
    this.#bindings = wanted.map((item) => {
      lastBindingId += 1;
      return { id: lastBindingId, wanted: object(item) };
    });
    try {
      await this.#admit(payload.access_token ?? payload.user_token);
    } catch (error) {
      this.#reply(ref, "error", { reason: refusal(error) });
      return false;
    }
    // What the database sends from now on is to be heard; if it is away, that is told below.
    await patiently(this.services.replication.connected).catch(() => {});
    if (this.#isClosed) return false;
    this.services.topics.join(this);
    const outcome = this.#bindings.length > 0 ? await this.#follow() : null;
    const bindings = this.#bindings.map(({ id, wanted: item }) => ({ ...item, id }));
    this.#reply(ref, "ok", { postgres_changes: bindings });
    if (outcome) this.#system("postgres_changes", outcome);
    if (this.#hasPresence) this.#sendPresenceState();
    return true;
  }

  /** @param {Message} message */
  async handle(message) {
    const { event, ref, payload } = message;
    if (event === "broadcast") await this.#broadcast(message);
    else if (event === "presence") await this.#presence(ref, payload);
    else if (event === "access_token") await this.#refresh(payload.access_token);
    else if (event === "phx_leave") {
      this.#reply(ref, "ok", {});
      this.close("phx_close");
    }
  }

  /** @param {string} event, @param {string} payload JSON text */
  push(event, payload) {
    this.socket.push({ topic: this.topic, event, payload });
  }

  /** @param {"phx_close" | "phx_error"} [event] to tell the client, unless it is gone */
  close(event) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#expiry);
    clearTimeout(this.#retry);
    this.services.changes.unsubscribe(this);
    this.services.topics.leave(this);
    this.socket.forget(this);
    const { topic, joinRef } = this;
    if (event) this.socket.push({ joinRef, ref: joinRef, topic, event, payload: "{}" });
  }

  /** Takes the caller and its rights from a token, or from the API key of the connection. */
  async #admit(token) {
    if (this.#name === "") {
      throw new JoinRefused("TopicNameRequired: You must provide a topic name");
    }
    const isUserToken = typeof token === "string" && !token.startsWith("sb_");
    const caller = isUserToken ? await this.services.verify(token) : this.socket.caller;
    if (this.isPrivate) {
      const rights = await readRights(this.services.sql, caller, this.#name);
      if (!rights.broadcast && !rights.presence) {
        throw new JoinRefused(
          "Unauthorized: You do not have permissions to read from this Channel topic: " +
            this.#name,
        );
      }
      this.mayRead = rights;
      this.#mayWrite = null;
    }
    this.caller = caller;
    if (!this.#isClosed) this.#expireLater();
  }

  #expireLater() {
    clearTimeout(this.#expiry);
    const { exp } = this.caller.claims;
    if (!Number.isFinite(exp)) return;
    const left = exp * 1000 - Date.now();
    this.#expiry = setTimeout(
      () => (left <= MAX_TIMER_MS ? this.#shutDown(expired(exp)) : this.#expireLater()),
      Math.min(Math.max(left, 0), MAX_TIMER_MS),
    );
  }

  async #refresh(token) {
    if (typeof token !== "string" || token.startsWith("sb_") || token === this.caller.jwt) return;
    const before = this.mayRead;
    // Nothing passes under the old claims while the new ones are looked at.
    this.services.changes.unsubscribe(this);
    try {
      await this.#admit(token);
    } catch (error) {
      this.#shutDown(error instanceof TokenRefused ? error.reason : refusal(error));
      return;
    }
    if (this.#isClosed) return;
    if (Object.keys(before).some((right) => before[right] && !this.mayRead[right])) {
      this.#shutDown(
        `You no longer have permission to read from this Channel topic: ${this.#name}`,
      );
    } else if (this.#bindings.length > 0) {
      this.#system("postgres_changes", await this.#follow());
    }
  }

  /** Subscribes to the changes asked for; tries again later if the database is away. */
  async #follow() {
    const { changes, replication } = this.services;
    try {
      await patiently(replication.connected);
      await changes.subscribe(this, this.#bindings);
      if (this.#isClosed) changes.unsubscribe(this);
      return { status: "ok", message: "Subscribed to PostgreSQL" };
    } catch (error) {
      if (!(error instanceof BindingRefused)) this.#followLater();
      return { status: "error", message: error.message };
    }
  }

  #followLater() {
    clearTimeout(this.#retry);
    if (this.#isClosed) return;
    this.#retry = setTimeout(async () => {
      const outcome = await this.#follow();
      if (!this.#isClosed) this.#system("postgres_changes", outcome);
    }, RETRY_MS);
  }

  async #broadcast({ ref, payload, broadcast }) {
    if (!(await this.#writes()).broadcast) return;
    const { topic, isPrivate } = this;
    const message = broadcast ?? JSON.stringify(payload);
    this.services.topics.broadcast(topic, isPrivate, message, this.#hearsItself ? undefined : this);
    if (this.#acknowledges) this.#reply(ref, "ok", {});
  }

  async #presence(ref, { event, payload = {} }) {
    const action = String(event).toLowerCase();
    if (action === "untrack") {
      this.services.topics.untrack(this);
      this.#reply(ref, "ok", {});
      return;
    }
    if (payload !== object(payload)) {
      this.#reply(ref, "error", { reason: "Presence track payload must be a map" });
      return;
    }
    if (action !== "track" || !(await this.#writes()).presence) {
      this.#reply(ref, "error", {});
      return;
    }
    if (this.#isClosed) return;
    this.services.topics.track(this, payload);
    this.#reply(ref, "ok", {});
    if (!this.#hasPresence) {
      this.#hasPresence = true;
      this.#sendPresenceState();
    }
  }

  async #writes() {
    this.#mayWrite ??= await writeRights(this.services.sql, this.caller, this.#name).catch(
      (error) => {
        log("error", "realtime policies on realtime.messages", error.message);
        return NONE;
      },
    );
    return this.#mayWrite;
  }

  #sendPresenceState() {
    if (!this.mayRead.presence) return;
    this.push("presence_state", JSON.stringify(this.services.topics.presenceState(this)));
  }

  #shutDown(message) {
    if (this.#isClosed) return;
    this.#system("system", { status: "error", message });
    this.close("phx_close");
  }

  #system(extension, { status, message }) {
    this.push("system", JSON.stringify({ extension, status, message, channel: this.#name }));
  }

  #reply(ref, status, response) {
    this.socket.reply(this, ref, status, response);
  }
}

function refusal(error) {
  if (error instanceof TokenRefused || error instanceof JoinRefused) return error.message;
  log("error", "realtime join", error.message);
  return "UnableToConnectToProject: Realtime was unable to connect to the project database";
}

function patiently(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(reject, RETRY_MS, new Error("Realtime is connecting to the database"));
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
