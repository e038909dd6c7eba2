// Unpacks the Chromium of the packages into a folder, for machines that have none of their own, and
// the libraries it needs that a bare system lacks. For Linux on x86-64 only.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const [folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
// It unpacks into the folder for temporary files, which others could have prepared.
process.env.TMPDIR = folder;
const { resolve } = createRequire(new URL("../../web/", import.meta.url));
const entry = resolve("@sparticuz/chromium");
const { default: chromium, inflate } = await import(entry);
await inflate(join(dirname(entry), "..", "bin", "al2023.tar.br"));
await chromium.executablePath();
