// For development and tests only: it listens on loopback and trusts whoever can reach it.
import { createServer } from "node:http";
import postgres from "postgres";
import { createApp } from "./app.mjs";
import { createAuth } from "./auth/server.mjs";
import { ConfigError, readConfig } from "./config.mjs";
import { createFunctions } from "./functions/server.mjs";
import { createGateway } from "./gateway.mjs";
import { log } from "./log.mjs";
import { createRealtime } from "./realtime/server.mjs";
import { createStorage } from "./storage/server.mjs";

// Node's own five seconds would cut off clients that keep their connections.
const KEEP_ALIVE_MS = 75_000;

process.on("unhandledRejection", (error) => log("error", "unhandled rejection", error));
process.on("uncaughtException", (error) => log("error", "uncaught exception", error));
// Libraries print their errors over several lines.
console.error = (...parts) => log("error", "library", parts.at(-1));

try {
  await start(readConfig(process.env));
} catch (error) {
  console.log(error instanceof ConfigError ? error.message : reason(error));
  process.exit(1);
}

async function start(config) {
  const sql = postgres(config.databaseUrl, {
    max: 10,
    onnotice: () => {},
    connection: { application_name: "firmbase-services" },
  });
  const realtime = createRealtime(config, sql);
  const functions = createFunctions(config);
  const gateway = createGateway(config, sql, {
    auth: await createAuth(config),
    storage: createStorage(config, sql),
    realtime,
    functions,
  });

  const options = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Some clients offer to switch to HTTP/2; the answer is to go on.
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
  };
  const server = createServer(options, gateway.listener);
  server.on("upgrade", gateway.upgrade);
  const app = createServer(createApp(config));
  process.on("SIGTERM", () => stop([server, app], realtime, functions, sql));

  await listen(server, config.apiPort, "API_PORT");
  await listen(app, config.appPort, "APP_PORT");
  console.log("ready");
}

function listen(server, port, setting) {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(Object.assign(error, { setting })));
    server.listen(port, "127.0.0.1", resolve);
  });
}

async function stop(servers, realtime, functions, sql) {
  for (const server of servers) server.close();
  functions.close();
  await realtime.close();
  for (const server of servers) server.closeAllConnections();
  await sql.end({ timeout: 2 });
  process.exit(0);
}

function reason(error) {
  if (error.code === "EADDRINUSE") {
    return `Port ${error.port} is taken: choose another ${error.setting}.`;
  }
  return `The local services cannot start: ${error.message}`;
}
