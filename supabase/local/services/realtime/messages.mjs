const MAX_RECORD_CHARACTERS = 1024 * 1024;
const KEPT_OF_TOO_LARGE = 64;

/**
 * The messages about one change: the same text for all channels with the same role and columns.
 *
 * @typedef {import("./channel.mjs").Channel} Channel
 */
export class Messages {
  #texts = new Map();
  #receivers = new Map();

  /**
   * @param {import("./rows.mjs").Table} table
   * @param {import("./pgoutput.mjs").Change} change
   * @param {Map<string, string>} [row] column → JSON text
   * @param {Map<string, string>} [old]
   */
  constructor(table, change, row, old) {
    this.table = table;
    this.change = change;
    this.row = row;
    this.old = old;
    const texts = [...(row?.values() ?? []), ...(old?.values() ?? [])];
    const size = texts.reduce((sum, text) => sum + text.length, 0);
    this.isTooLarge = size > MAX_RECORD_CHARACTERS;
  }

  /**
   * @param {Channel} channel
   * @param {number} id of the subscription
   * @param {string[] | null} select columns to send besides the primary key; null is all
   * @param {string | null} error to send in place of the row
   */
  add(channel, id, select, error) {
    const { role } = channel.caller;
    const key = JSON.stringify([role, select, error]);
    if (!this.#texts.has(key)) {
      this.#texts.set(key, error === null ? this.#text(role, select) : this.#refusal(error));
    }
    const text = this.#texts.get(key);
    if (text === null) return;
    const texts = this.#receivers.get(channel) ?? new Map();
    this.#receivers.set(channel, texts.set(text, [...(texts.get(text) ?? []), id]));
  }

  send() {
    for (const [channel, texts] of this.#receivers) {
      for (const [text, ids] of texts) {
        channel.push("postgres_changes", `{"ids":${JSON.stringify(ids)},"data":${text}}`);
      }
    }
  }

  #refusal(error) {
    return this.#data([], { record: "{}", errors: JSON.stringify([error]) });
  }

  /** @returns {string | null} null when the role may not even know the key of a deleted row */
  #text(role, select) {
    const columns = this.table.columns.filter(
      ({ name, isKey, readers }) =>
        readers.includes(role) && (!select || isKey || select.includes(name)),
    );
    const parts = {};
    if (this.row) parts.record = this.#record(this.row, columns);
    if (this.old) {
      // Policies cannot be asked about a row that is gone.
      const isOpen = this.row || !this.table.hasPolicies;
      const told = isOpen ? columns : columns.filter(({ isKey }) => isKey);
      parts.old_record = this.#record(this.old, told);
      if (!this.row && parts.old_record === "{}") return null;
    }
    parts.errors = this.isTooLarge ? '["Error 413: Payload Too Large"]' : "null";
    return this.#data(columns, parts);
  }

  #data(columns, parts) {
    const { type, relation, timestamp } = this.change;
    const head = JSON.stringify({
      schema: relation.schema,
      table: relation.table,
      type,
      commit_timestamp: timestamp,
      columns: columns.map(({ name, typname }) => ({ name, type: typname })),
    });
    const tail = Object.entries(parts).map(([key, text]) => `,"${key}":${text}`);
    return `${head.slice(0, -1)}${tail.join("")}}`;
  }

  #record(values, columns) {
    const fields = columns
      .map(({ name }) => [name, values.get(name)])
      .filter(([, text]) => text !== undefined)
      .filter(([, text]) => !this.isTooLarge || text.length <= KEPT_OF_TOO_LARGE)
      .map(([name, text]) => `${JSON.stringify(name)}:${text}`);
    return `{${fields.join(",")}}`;
  }
}
