/**
 * What a caller may do on a private channel. As on hosted, the policies on realtime.messages
 * decide: reading is the right to select a message of that topic, writing the right to insert one.
 * The trial rows are rolled back and never leave their transaction.
 *
 * @typedef {import("../keys.mjs").Caller} Caller
 * @typedef {{ broadcast: boolean, presence: boolean }} Rights
 */

const ROLLBACK = Symbol("rollback");
const INSUFFICIENT_PRIVILEGE = "42501";

/**
 * @param {import("postgres").Sql} sql
 * @param {Caller} caller
 * @param {string} topic without the prefix `realtime:`
 * @returns {Promise<Rights>}
 */
export function readRights(sql, caller, topic) {
  return rolledBack(sql, async (tx) => {
    const trial = await tx`
      insert into realtime.messages (topic, extension)
      values (${topic}, 'broadcast'), (${topic}, 'presence')
      returning id`;
    await become(tx, caller, topic);
    const visible = await tx`
      select extension from realtime.messages where id in ${tx(trial.map(({ id }) => id))}`;
    return rights((extension) => visible.some((row) => row.extension === extension));
  });
}

/**
 * @param {import("postgres").Sql} sql
 * @param {Caller} caller
 * @param {string} topic without the prefix `realtime:`
 * @returns {Promise<Rights>}
 */
export function writeRights(sql, caller, topic) {
  return rolledBack(sql, async (tx) => {
    await become(tx, caller, topic);
    const allowed = new Set();
    for (const extension of ["broadcast", "presence"]) {
      try {
        await tx.savepoint(
          (trial) => trial`
            insert into realtime.messages (topic, extension) values (${topic}, ${extension})`,
        );
        allowed.add(extension);
      } catch (error) {
        if (error.code !== INSUFFICIENT_PRIVILEGE) throw error;
      }
    }
    return rights((extension) => allowed.has(extension));
  });
}

function rights(has) {
  return { broadcast: has("broadcast"), presence: has("presence") };
}

function become(tx, caller, topic) {
  return tx`select set_config('realtime.topic', ${topic}, true),
                   set_config('request.jwt.claims', ${JSON.stringify(caller.claims)}, true),
                   set_config('statement_timeout', '8s', true),
                   set_config('role', ${caller.role}, true)`;
}

async function rolledBack(sql, fn) {
  let result;
  try {
    await sql.begin(async (tx) => {
      result = await fn(tx);
      throw ROLLBACK;
    });
  } catch (error) {
    if (error !== ROLLBACK) throw error;
  }
  return result;
}
