import { encode, encodeUserBroadcast } from "./frames.mjs";
import { Presence } from "./presence.mjs";

/**
 * Who has joined which topic. A private and a public channel of the same name never meet.
 *
 * @typedef {import("./channel.mjs").Channel} Channel
 * @typedef {import("./frames.mjs").UserBroadcast} UserBroadcast
 */
export class Topics {
  /** @type {Map<string, { channels: Set<Channel>, presence: Presence }>} */
  #topics = new Map();

  /** @param {Channel} channel */
  join(channel) {
    const key = keyOf(channel.topic, channel.isPrivate);
    const topic = this.#topics.get(key) ?? { channels: new Set(), presence: new Presence() };
    this.#topics.set(key, topic);
    topic.channels.add(channel);
  }

  /** @param {Channel} channel */
  leave(channel) {
    const key = keyOf(channel.topic, channel.isPrivate);
    const topic = this.#topics.get(key);
    if (!topic?.channels.delete(channel)) return;
    this.#announce(channel, topic.presence.untrack(channel));
    if (topic.channels.size === 0) this.#topics.delete(key);
  }

  /** @param {Channel} channel, @param {Record<string, unknown>} meta */
  track(channel, meta) {
    this.#announce(channel, this.#of(channel).presence.track(channel, channel.presenceKey, meta));
  }

  /** @param {Channel} channel */
  untrack(channel) {
    this.#announce(channel, this.#of(channel).presence.untrack(channel));
  }

  /** @param {Channel} channel */
  presenceState(channel) {
    return this.#of(channel).presence.state();
  }

  /**
   * @param {string} topic with its prefix `realtime:`
   * @param {boolean} isPrivate
   * @param {UserBroadcast | string} message a string is the whole payload as JSON text
   * @param {Channel} [except] the sender, unless it wants its own messages back
   */
  broadcast(topic, isPrivate, message, except) {
    this.#send(
      keyOf(topic, isPrivate),
      (version) =>
        typeof message === "string"
          ? encode(version, { topic, event: "broadcast", payload: message })
          : encodeUserBroadcast(version, topic, message),
      (channel) => channel !== except && channel.mayRead.broadcast,
    );
  }

  #announce(channel, diff) {
    if (!diff) return;
    const { topic, isPrivate } = channel;
    const payload = JSON.stringify(diff);
    this.#send(
      keyOf(topic, isPrivate),
      (version) => encode(version, { topic, event: "presence_diff", payload }),
      (member) => member.mayRead.presence,
    );
  }

  #send(key, encoder, isReceiver) {
    const frames = new Map();
    for (const channel of this.#topics.get(key)?.channels ?? []) {
      if (!isReceiver(channel)) continue;
      const { version } = channel.socket;
      if (!frames.has(version)) frames.set(version, encoder(version));
      if (frames.get(version) !== null) channel.socket.send(frames.get(version));
    }
  }

  #of(channel) {
    return this.#topics.get(keyOf(channel.topic, channel.isPrivate));
  }
}

function keyOf(topic, isPrivate) {
  return `${isPrivate ? "private" : "public"} ${topic}`;
}
