// The Storage service by itself, for a caller with all rights. Prints its port once it listens.
import { createRequire } from "node:module";
import { createStorage } from "../../../supabase/local/services/storage/server.mjs";

const require = createRequire(new URL("../../../supabase/local/package.json", import.meta.url));
const { createAdaptorServer } = require("@hono/node-server");
const postgres = require("postgres");

const { DATABASE_URL, STORAGE_DIR } = process.env;
const caller = { role: "service_role", claims: { role: "service_role" } };
const storage = createStorage(
  { storageDir: STORAGE_DIR, jwtSecret: "of this process only" },
  postgres(DATABASE_URL, { onnotice: () => {} }),
);
const server = createAdaptorServer({
  fetch: (request, { incoming }) => storage(request, caller, incoming),
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
