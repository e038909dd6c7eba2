import { randomBytes } from "node:crypto";

/** Who is present on one topic, in the shape of Phoenix.Presence: key → metas with references. */
export class Presence {
  /** @type {Map<object, { key: string, meta: Record<string, unknown> }>} member → what it tracks */
  #tracked = new Map();

  /**
   * @param {object} member
   * @param {string} key members with the same key count as one presence with several metas
   * @param {Record<string, unknown>} payload
   * @returns {object} the difference to tell the others
   */
  track(member, key, payload) {
    const previous = this.#tracked.get(member);
    const meta = { ...payload, phx_ref: randomBytes(9).toString("base64url") };
    if (previous) meta.phx_ref_prev = previous.meta.phx_ref;
    this.#tracked.set(member, { key, meta });
    return { joins: { [key]: { metas: [meta] } }, leaves: previous ? group([previous]) : {} };
  }

  /** @returns {object | null} the difference; null when the member was not present */
  untrack(member) {
    const previous = this.#tracked.get(member);
    if (!previous) return null;
    this.#tracked.delete(member);
    return { joins: {}, leaves: group([previous]) };
  }

  state() {
    return group(this.#tracked.values());
  }
}

function group(entries) {
  const state = Object.create(null);
  for (const { key, meta } of entries) {
    state[key] ??= { metas: [] };
    state[key].metas.push(meta);
  }
  return state;
}
