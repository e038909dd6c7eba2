/**
 * Decoder of the logical replication protocol, version 1: `pgoutput` with values as text.
 *
 * @typedef {object} Relation
 * @property {string} schema
 * @property {string} table
 * @property {string[]} columns
 * @property {string[]} identity columns of the replica identity
 *
 * @typedef {object} Change
 * @property {"INSERT" | "UPDATE" | "DELETE"} type
 * @property {Relation} relation
 * @property {string} timestamp of the commit, ISO 8601 in UTC
 * @property {number} transaction its number
 * @property {Record<string, string | null> | null} row values as text, null for a DELETE; a large
 *   value that an UPDATE left alone is absent
 * @property {Record<string, string | null> | null} old the replica identity before the change, or
 *   the whole row with `replica identity full`; null for an INSERT
 */

const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);
const TYPES = { I: "INSERT", U: "UPDATE", D: "DELETE" };

export class Decoder {
  /** @type {Map<number, Relation>} */
  #relations = new Map();
  #timestamp = "";
  #transaction = 0;

  /**
   * @param {Buffer} bytes one message
   * @returns {{ change?: Change, commit?: bigint }} commit is the position after a transaction
   */
  decode(bytes) {
    const reader = new Reader(bytes);
    const kind = reader.character();
    switch (kind) {
      case "B":
        reader.skip(8);
        this.#timestamp = reader.timestamp();
        this.#transaction = reader.int32();
        return {};
      case "C":
        reader.skip(9);
        return { commit: reader.position() };
      case "R":
        this.#relations.set(reader.int32(), relation(reader));
        return {};
      case "I":
      case "U":
      case "D":
        return { change: this.#change(TYPES[kind], reader) };
      default:
        return {};
    }
  }

  #change(type, reader) {
    const relation = this.#relations.get(reader.int32());
    const of = { timestamp: this.#timestamp, transaction: this.#transaction };
    const change = { type, relation, ...of, row: null, old: null };
    while (!reader.isAtEnd) {
      const part = reader.character();
      const values = reader.tuple(relation.columns);
      if (part === "N") change.row = values;
      else change.old = part === "K" ? pick(values, relation.identity) : values;
    }
    if (type === "UPDATE") {
      change.old ??= pick(change.row, relation.identity);
      change.row = { ...pick(change.old, missing(relation.columns, change)), ...change.row };
    }
    return change;
  }
}

class Reader {
  #offset = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  get isAtEnd() {
    return this.#offset >= this.bytes.length;
  }

  skip(count) {
    this.#offset += count;
  }

  character() {
    return String.fromCharCode(this.bytes[this.#offset++]);
  }

  int16() {
    this.skip(2);
    return this.bytes.readInt16BE(this.#offset - 2);
  }

  int32() {
    this.skip(4);
    return this.bytes.readUInt32BE(this.#offset - 4);
  }

  position() {
    this.skip(8);
    return this.bytes.readBigUInt64BE(this.#offset - 8);
  }

  timestamp() {
    return new Date(POSTGRES_EPOCH_MS + Number(this.position() / 1000n)).toISOString();
  }

  string() {
    const start = this.#offset;
    this.#offset = this.bytes.indexOf(0, start) + 1;
    return this.bytes.toString("utf8", start, this.#offset - 1);
  }

  tuple(columns) {
    const values = Object.create(null);
    for (const column of columns.slice(0, this.int16())) {
      const kind = this.character();
      if (kind === "n") values[column] = null;
      if (kind !== "t") continue;
      const size = this.int32();
      values[column] = this.bytes.toString("utf8", this.#offset, this.#offset + size);
      this.skip(size);
    }
    return values;
  }
}

function relation(reader) {
  const schema = reader.string() || "pg_catalog";
  const table = reader.string();
  reader.skip(1);
  const columns = Array.from({ length: reader.int16() }, () => {
    const isIdentity = reader.character() === "\u0001";
    const name = reader.string();
    reader.skip(8);
    return { name, isIdentity };
  });
  return {
    schema,
    table,
    columns: columns.map(({ name }) => name),
    identity: columns.filter(({ isIdentity }) => isIdentity).map(({ name }) => name),
  };
}

function pick(values, columns) {
  return Object.fromEntries(
    columns
      .filter((column) => Object.hasOwn(values, column))
      .map((column) => [column, values[column]]),
  );
}

function missing(columns, { row }) {
  return columns.filter((column) => !Object.hasOwn(row, column));
}
