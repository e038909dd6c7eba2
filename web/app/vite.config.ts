import { defineConfig } from "vite";

export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: "es2022",
    // Its polyfill would be a script inside the page.
    modulePreload: { polyfill: false },
    // Small files stay files: the policy of the page allows no data: addresses but for pictures.
    assetsInlineLimit: 0,
  },
  server: {
    // In development the local stack says where it is, as it does for the built app.
    proxy: { "/config.json": process.env.APP_URL ?? "http://127.0.0.1:54323" },
  },
});
