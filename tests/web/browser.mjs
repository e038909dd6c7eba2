// Prints where a Chromium is, for whoever has none of their own: unpacks the one of the package
// into the folder that is given. On Linux for x86-64 only.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";

const [folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
// It unpacks into the folder for temporary files, which others could have prepared.
process.env.TMPDIR = folder;
const { resolve } = createRequire(new URL("../../web/", import.meta.url));
const { default: chromium } = await import(resolve("@sparticuz/chromium"));
console.log(await chromium.executablePath());
