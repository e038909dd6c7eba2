/**
 * One event is one line on stdout. Callers leave out queries and headers: they carry tokens.
 *
 * @param {"info" | "error"} level
 * @param {string} event
 * @param {unknown} [error]
 */
export function log(level, event, error) {
  const cause = error === undefined ? "" : `: ${error?.stack ?? error}`;
  console.log(`${new Date().toISOString()} ${level} ${event}${cause}`.replace(/\s*\n\s*/g, " < "));
}
