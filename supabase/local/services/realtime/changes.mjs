import { setTimeout } from "node:timers/promises";
import { asCaller } from "../keys.mjs";
import { log } from "../log.mjs";
import { BindingRefused, parseBinding } from "./filters.mjs";
import { Messages } from "./messages.mjs";
import { describe, passing, probe, render, visible } from "./rows.mjs";

const PUBLICATION = "supabase_realtime";
const MAX_IN_VALUES = 100;

/**
 * postgres_changes: who follows which tables, and what they get of a change. The rules are those of
 * the hosted service:
 *
 * - An INSERT or UPDATE reaches a subscriber that can select the row, by its primary key, under its
 *   own role and claims at the moment of delivery, and carries the columns its role may select.
 * - A DELETE cannot be checked, the row is gone: it reaches everybody who follows the table, but
 *   carries only the primary key where row level security is on.
 *
 * @typedef {import("./channel.mjs").Channel} Channel
 * @typedef {import("./filters.mjs").Binding} Binding
 * @typedef {import("./pgoutput.mjs").Change} Change
 * @typedef {{ id: number, channel: Channel, binding: Binding }} Subscription
 */
export class Changes {
  /** @type {Map<Channel, Subscription[]>} */
  #subscriptions = new Map();
  /** @type {Map<string, Subscription[]>} table → its subscriptions, found again when they change */
  #followers = new Map();

  /** @param {import("postgres").Sql} sql */
  constructor(sql) {
    this.sql = sql;
  }

  /**
   * @param {Channel} channel
   * @param {{ id: number, wanted: Record<string, unknown> }[]} bindings
   * @throws {BindingRefused}
   */
  async subscribe(channel, bindings) {
    const subscriptions = bindings.map(({ id, wanted }) => ({
      id,
      channel,
      binding: parseBinding(wanted),
    }));
    for (const { binding } of subscriptions) await this.#check(binding, channel.caller.role);
    this.#subscriptions.set(channel, subscriptions);
    this.#followers.clear();
  }

  /** @param {Channel} channel */
  unsubscribe(channel) {
    this.#subscriptions.delete(channel);
    this.#followers.clear();
  }

  /** @param {Change} change */
  wants({ type, relation }) {
    return this.#of(relation).some(({ binding }) => isFor(binding, type));
  }

  /** @param {Change[]} changes of committed transactions, in order */
  async deliver(changes) {
    await this.#shown(changes);
    let start = 0;
    for (let end = 1; end <= changes.length; end += 1) {
      if (changes[end]?.relation === changes[start].relation) continue;
      const { relation } = changes[start];
      await this.#deliver(relation, changes.slice(start, end)).catch((error) =>
        log("error", `realtime changes of ${relation.schema}.${relation.table} are lost`, error),
      );
      start = end;
    }
  }

  /**
   * Waits until others can see what was committed: decoding tells of a commit a moment before the
   * server lets go of the transaction, and a policy asked in between would not find the row.
   */
  async #shown(changes) {
    const numbers = [...new Set(changes.map(({ transaction }) => transaction))];
    for (;;) {
      const [{ isHeld }] = await this.sql`
        select exists (
          select from pg_catalog.pg_locks
          where locktype = 'transactionid' and granted
            and transactionid::text = any (${numbers.map(String)}::text[])
        ) as "isHeld"`;
      if (!isHeld) return;
      await setTimeout(1);
    }
  }

  /** @returns {Subscription[]} */
  #of({ schema, table }) {
    const name = JSON.stringify([schema, table]);
    if (!this.#followers.has(name)) {
      const matches = ({ binding }) =>
        ["*", schema].includes(binding.schema) && ["*", table].includes(binding.table);
      this.#followers.set(name, [...this.#subscriptions.values()].flat().filter(matches));
    }
    return this.#followers.get(name);
  }

  async #check(binding, role) {
    const { schema, table, filters } = binding;
    const tables = await this.sql`
      select schemaname as schema, tablename as table from pg_catalog.pg_publication_tables
      where pubname = ${PUBLICATION}
        and ${schema}::text in ('*', schemaname) and ${table}::text in ('*', tablename)`;
    const parameters =
      `[event: ${binding.action}, schema: ${schema}, table: ${table}, ` +
      `filters: ${JSON.stringify(filters)}]`;
    if (tables.length === 0) {
      throw new BindingRefused(
        "Unable to subscribe to changes with given parameters. Please check Realtime is enabled " +
          `for the given connect parameters: ${parameters}`,
      );
    }
    for (const found of tables) {
      try {
        await this.#checkColumns(binding, await describe(this.sql, found, [role]), role);
      } catch (error) {
        if (!(error instanceof BindingRefused) && error.name !== "PostgresError") throw error;
        throw new BindingRefused(
          "Unable to subscribe to changes with given parameters. An exception happened so please " +
            `check your connect parameters: ${parameters}. Exception: ${error.message}`,
        );
      }
    }
  }

  async #checkColumns({ filters, select }, table, role) {
    const readable = table.columns.filter(({ readers }) => readers.includes(role));
    const column = (wanted) => readable.find(({ name }) => name === wanted);
    for (const filter of filters) {
      if (!column(filter.column)) {
        throw new BindingRefused(`invalid column for filter ${filter.column}`);
      }
      await probe(this.sql, column(filter.column), filter);
      if (filter.operator !== "in") continue;
      const [{ size }] = await this.sql`
        select cardinality(${filter.value}::text::text[]) as size`;
      if (size > MAX_IN_VALUES) {
        throw new BindingRefused("too many values for `in` filter. Maximum 100");
      }
    }
    const unknown = select?.find((name) => !column(name));
    if (unknown) throw new BindingRefused(`invalid column for select ${unknown}`);
  }

  /** Delivers changes of one table. */
  async #deliver(relation, changes) {
    const subscriptions = this.#of(relation);
    const callers = new Map(subscriptions.map(({ channel: { caller } }) => [caller.jwt, caller]));
    const roles = new Set([...callers.values()].map(({ role }) => role));
    const table = await describe(this.sql, relation, [...roles]);
    if (!table) return;

    const rows = [];
    const entries = changes.map((change) => ({
      change,
      row: change.row && rows.push(change.row) - 1,
      old: change.old && rows.push(change.old) - 1,
    }));
    const [values, passes, access] = await Promise.all([
      render(this.sql, table, rows),
      this.#filter(table, rows, subscriptions),
      this.#access(table, entries, callers),
    ]);

    for (const entry of entries) {
      const { change, row, old } = entry;
      const messages = new Messages(table, change, values[row], values[old]);
      // Who has left or got another token in the meantime is not among those who were checked.
      for (const { id, channel, binding } of this.#of(relation)) {
        const isMeant =
          isFor(binding, change.type) && passes.get(filterKey(binding))?.has(row ?? old);
        const right = isMeant && access.get(channel.caller.jwt)?.(entry);
        if (right) messages.add(channel, id, binding.select, right === true ? null : right);
      }
      messages.send();
    }
  }

  /** @returns {Promise<Map<string, Set<number>>>} filters → the rows that pass them */
  async #filter(table, rows, subscriptions) {
    const passes = new Map();
    for (const { binding } of subscriptions) {
      const key = filterKey(binding);
      if (passes.has(key)) continue;
      if (binding.filters.length === 0) passes.set(key, new Set(rows.keys()));
      else {
        // A filter that no longer fits its column silences only those who use it.
        const found = await passing(this.sql, table, rows, binding.filters).catch((error) => {
          log("error", `realtime filter on ${table.name}`, error.message);
          return new Set();
        });
        passes.set(key, found);
      }
    }
    return passes;
  }

  /**
   * Of each caller, what it may know of a change: true, false or an error to tell it.
   *
   * @returns {Promise<Map<string, (entry: object) => boolean | string>>} by the caller's token
   */
  async #access(table, entries, callers) {
    const keys = table.columns.filter(({ isKey }) => isKey);
    const alive = entries.filter(({ row }) => row !== null);
    const rows = alive.map(({ change }) =>
      Object.fromEntries(keys.map(({ name }) => [name, change.row[name]])),
    );
    const decide = async (caller) => {
      if (alive.length === 0) return () => true;
      if (keys.length === 0) return onlyDeletes("Error 400: Bad Request, no primary key");
      if (!keys.every(({ readers }) => readers.includes(caller.role))) {
        return onlyDeletes("Error 401: Unauthorized");
      }
      try {
        const found = await asCaller(this.sql, caller, (tx) => visible(tx, table, rows));
        const seen = new Set([...found].map((position) => alive[position]));
        return (entry) => entry.row === null || seen.has(entry);
      } catch (error) {
        log("error", `realtime policies of ${table.name}`, error.message);
        return onlyDeletes("Error 500: Internal Server Error, RLS policy evaluation failed");
      }
    };
    const decisions = [...callers].map(async ([jwt, caller]) => [jwt, await decide(caller)]);
    return new Map(await Promise.all(decisions));
  }
}

function onlyDeletes(error) {
  return (entry) => (entry.row === null ? true : error);
}

function isFor({ action }, type) {
  return action === "*" || action === type;
}

function filterKey({ filters }) {
  return JSON.stringify(filters);
}
