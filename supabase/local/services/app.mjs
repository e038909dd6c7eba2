import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
const HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
};

/**
 * Serves the built app as a static host would: its files, and its one page for every other path.
 * `/config.json` tells it where this stack is.
 *
 * @param {import("./config.mjs").Config} config
 * @returns {import("node:http").RequestListener}
 */
export function createApp({ appDir, apiUrl, publishableKey }) {
  const project = JSON.stringify({ url: apiUrl, publishableKey });
  // Beside what the page itself allows: nothing but this stack can be asked.
  const policy = `connect-src 'self' ${apiUrl} ${apiUrl.replace("http", "ws")}; frame-ancestors 'none'`;

  const answer = async (path) => {
    if (path === "/config.json") return { type: "application/json", body: project };
    const type = TYPES[extname(path)];
    const file = type ? await read(join(appDir, normalize(path))) : null;
    if (file) return { type, body: file, cache: path.startsWith("/assets/") };
    if (type && path !== "/index.html") return null;
    return { type: TYPES[".html"], body: (await read(join(appDir, "index.html"))) ?? NOT_BUILT };
  };

  return async ({ url, method }, response) => {
    const asked = ["GET", "HEAD"].includes(method) ? URL.parse(url, "http://app") : null;
    const found = asked && (await answer(asked.pathname));
    response.writeHead(found ? 200 : 404, {
      ...HEADERS,
      "Content-Security-Policy": policy,
      "Content-Type": found?.type ?? "text/plain",
      // The names of assets change with what is in them.
      "Cache-Control": found?.cache ? "public, max-age=31536000, immutable" : "no-cache",
    });
    response.end(method === "HEAD" ? undefined : (found?.body ?? "There is no such file."));
  };
}

const NOT_BUILT =
  "<!doctype html><title>Firmbase</title><p>The app is not built: run make demo.</p>";

/** What cannot be read is not there. */
async function read(file) {
  return readFile(file).catch(() => null);
}
