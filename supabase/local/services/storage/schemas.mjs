import { Ajv } from "ajv";
import { invalidRequest } from "./errors.mjs";

const text = { type: "string" };
const count = (minimum) => ({ type: "integer", minimum });
const list = { type: "array", items: text, minItems: 1 };
const order = { type: "string", enum: ["asc", "desc"] };
const sortBy = (...columns) => ({
  type: "object",
  properties: { column: { type: "string", enum: columns }, order },
  required: ["column"],
});
const object = (properties, required = []) => ({ type: "object", properties, required });
const bucketSettings = {
  public: { type: "boolean", nullable: true },
  file_size_limit: {
    anyOf: [
      { ...count(0), nullable: true },
      { ...text, nullable: true },
    ],
  },
  allowed_mime_types: { type: "array", items: text, nullable: true },
};
const relocation = {
  bucketId: text,
  sourceKey: text,
  destinationBucket: text,
  destinationKey: text,
};
const relocationNeeds = ["bucketId", "sourceKey", "destinationKey"];

const SCHEMAS = {
  bucketList: object({
    limit: count(1),
    offset: count(0),
    sortColumn: { type: "string", enum: ["id", "name", "created_at", "updated_at"] },
    sortOrder: order,
    search: text,
  }),
  bucketCreate: object({ ...bucketSettings, id: text, name: text }, ["name"]),
  bucketUpdate: object(bucketSettings),
  list: object(
    {
      prefix: text,
      limit: count(1),
      offset: count(0),
      search: text,
      sortBy: sortBy("name", "updated_at", "created_at", "last_accessed_at"),
    },
    ["prefix"],
  ),
  listV2: object({
    prefix: text,
    limit: count(1),
    cursor: text,
    with_delimiter: { type: "boolean" },
    sortBy: sortBy("name", "updated_at", "created_at"),
  }),
  remove: object({ prefixes: list }, ["prefixes"]),
  move: object(relocation, relocationNeeds),
  copy: object(
    {
      ...relocation,
      copyMetadata: { type: "boolean", default: true },
      metadata: object({ cacheControl: text, mimetype: text }),
    },
    relocationNeeds,
  ),
  sign: object({ expiresIn: count(1) }, ["expiresIn"]),
  signMany: object({ expiresIn: count(1), paths: list }, ["expiresIn", "paths"]),
  token: object({ token: text }, ["token"]),
};

// Coercion as on hosted: the Python client sends expiresIn as a text.
const ajv = new Ajv({
  coerceTypes: "array",
  useDefaults: true,
  allowUnionTypes: true,
  schemas: SCHEMAS,
});

/**
 * @param {keyof typeof SCHEMAS} name
 * @param {"body" | "querystring"} where how the message calls it
 * @returns {object} the value, with types coerced and defaults filled in
 * @throws {import("./errors.mjs").StorageError} InvalidRequest, naming the field
 */
export function check(name, where, value) {
  const validate = ajv.getSchema(name);
  if (validate(value)) return value;
  const [{ instancePath, message }] = validate.errors;
  throw invalidRequest(`${where}${instancePath} ${message}`);
}

/** The JSON body of a request, checked. */
export async function readBody(request, name) {
  const body = await request.text();
  return check(name, "body", parse(body));
}

function parse(body) {
  try {
    return body === "" ? null : JSON.parse(body);
  } catch {
    throw invalidRequest("Body is not valid JSON but content-type is set to 'application/json'");
  }
}
