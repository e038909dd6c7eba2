/**
 * The two wire formats of Supabase Realtime: an object in protocol 1.0.0, an array in 2.0.0, where
 * broadcasts may also be binary. `data` of a user broadcast is never parsed on its way through.
 *
 * @typedef {{ event: string, isJson: boolean, data: Buffer }} UserBroadcast
 *
 * @typedef {object} Message what a client sent
 * @property {string | null} joinRef
 * @property {string | null} ref
 * @property {string} topic
 * @property {string} event
 * @property {Record<string, unknown>} payload
 * @property {UserBroadcast} [broadcast] in place of a payload, of a binary broadcast
 */

export const VERSIONS = ["1.0.0", "2.0.0"];

const USER_BROADCAST_PUSH = 3;
const USER_BROADCAST = 4;
const JSON_ENCODING = 1;
const MAX_FIELD_BYTES = 255;

/** The client does not speak the protocol. */
export class MalformedFrame extends Error {}

/**
 * @param {string} version
 * @param {Buffer} data
 * @param {boolean} isBinary
 * @returns {Message}
 * @throws {MalformedFrame}
 */
export function decode(version, data, isBinary) {
  if (isBinary) {
    if (version === "1.0.0") throw new MalformedFrame("binary frame in protocol 1.0.0");
    return decodeUserBroadcast(data);
  }
  const frame = parse(data);
  const [joinRef, ref, topic, event, payload] =
    version === "1.0.0"
      ? [frame?.join_ref, frame?.ref, frame?.topic, frame?.event, frame?.payload]
      : Array.isArray(frame)
        ? frame
        : [];
  if (typeof topic !== "string" || typeof event !== "string") {
    throw new MalformedFrame("frame without topic or event");
  }
  return { joinRef: text(joinRef), ref: text(ref), topic, event, payload: object(payload) };
}

/**
 * @param {string} version
 * @param {{ joinRef?: string | null, ref?: string | null, topic: string, event: string,
 *   payload: string }} message the payload as JSON text
 * @returns {string}
 */
export function encode(version, { joinRef = null, ref = null, topic, event, payload }) {
  const [j, r, t, e] = [joinRef, ref, topic, event].map((field) => JSON.stringify(field));
  return version === "1.0.0"
    ? `{"join_ref":${j},"ref":${r},"topic":${t},"event":${e},"payload":${payload}}`
    : `[${j},${r},${t},${e},${payload}]`;
}

/**
 * @param {string} version
 * @param {string} topic
 * @param {UserBroadcast} broadcast
 * @returns {string | Buffer | null} null: protocol 1.0.0 cannot say binary data
 */
export function encodeUserBroadcast(version, topic, { event, isJson, data }) {
  if (version === "1.0.0") {
    if (!isJson) return null;
    const payload = `{"type":"broadcast","event":${JSON.stringify(event)},"payload":${data}}`;
    return encode(version, { topic, event: "broadcast", payload });
  }
  const topicBytes = Buffer.from(topic);
  const eventBytes = Buffer.from(event);
  const head = [
    USER_BROADCAST,
    topicBytes.length,
    eventBytes.length,
    0,
    isJson ? JSON_ENCODING : 0,
  ];
  return Buffer.concat([Buffer.from(head), topicBytes, eventBytes, data]);
}

/** Whether topic and event fit the length bytes of a binary frame. */
export function fits(...fields) {
  return fields.every((field) => Buffer.byteLength(field) <= MAX_FIELD_BYTES);
}

function decodeUserBroadcast(data) {
  const [kind, ...sizes] = data.subarray(0, 6);
  const isJson = data[6] === JSON_ENCODING;
  let offset = 7;
  const [joinRef, ref, topic, event] = sizes.map((size) => {
    offset += size;
    return data.toString("utf8", offset - size, offset);
  });
  if (kind !== USER_BROADCAST_PUSH || offset > data.length) {
    throw new MalformedFrame("binary frame of an unknown kind or cut off");
  }
  const body = data.subarray(offset);
  if (isJson) parse(body);
  return {
    joinRef: joinRef || null,
    ref: ref || null,
    topic,
    event: "broadcast",
    payload: {},
    broadcast: { event, isJson, data: body },
  };
}

function parse(data) {
  try {
    return JSON.parse(data.toString());
  } catch {
    throw new MalformedFrame("invalid JSON");
  }
}

function text(ref) {
  return ref === null || ref === undefined ? null : String(ref);
}

/** @returns {Record<string, any>} the value if it is an object, else an empty one */
export function object(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}
