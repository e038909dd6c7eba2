import { createHash, randomUUID } from "node:crypto";
import { constants, createWriteStream } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { tooLarge } from "./errors.mjs";

const VERSION = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The bytes on disk. A file is named by the version of its object, never by its key, so no key
 * can lead anywhere. It arrives in `incoming` and moves to `objects` before its row is committed:
 * whatever a sudden death leaves behind is a file that no row names, and `sweep` removes it.
 *
 * @param {string} root
 */
export function createFiles(root) {
  const incoming = (version) => join(root, "incoming", version);
  const kept = (version) => join(root, "objects", version.slice(0, 2), version);

  return {
    /**
     * Takes in a stream without holding it in memory.
     *
     * @param {AsyncIterable<Buffer>} stream read to its end even when it is too large, so that
     *   the client gets to read the answer
     * @param {number} limit bytes
     * @returns {Promise<{version: string, size: number, eTag: string}>}
     * @throws {import("./errors.mjs").StorageError} EntityTooLarge
     */
    async receive(stream, limit) {
      const version = randomUUID();
      const hash = createHash("md5");
      let size = 0;
      async function* metered(chunks) {
        for await (const chunk of chunks) {
          size += chunk.length;
          if (size > limit) continue;
          hash.update(chunk);
          yield chunk;
        }
      }
      try {
        await pipeline(stream, metered, createWriteStream(incoming(version)));
        if (size > limit) throw tooLarge();
      } catch (error) {
        await rm(incoming(version), { force: true });
        throw error;
      }
      return { version, size, eTag: `"${hash.digest("hex")}"` };
    },

    /**
     * @returns {Promise<string | undefined>} version of a second file with the same bytes;
     *   undefined when there is no such file
     */
    async copy(version) {
      if (!VERSION.test(version ?? "")) return undefined;
      const copy = randomUUID();
      const copied = copyFile(kept(version), incoming(copy), constants.COPYFILE_FICLONE);
      return copied.then(() => copy, absent);
    },

    /** Makes an incoming file one that can be read. */
    async keep(version) {
      await mkdir(join(kept(version), ".."), { recursive: true });
      await rename(incoming(version), kept(version));
    },

    /** @param {(string | null | undefined)[]} versions files to forget, wherever they are */
    async remove(versions) {
      const paths = versions
        .filter((version) => VERSION.test(version ?? ""))
        .flatMap((version) => [incoming(version), kept(version)]);
      await Promise.all(paths.map((path) => rm(path, { force: true })));
    },

    /**
     * @returns {Promise<import("node:fs/promises").FileHandle | undefined>} the caller closes it;
     *   undefined when there is no such file
     */
    async open(version) {
      if (!VERSION.test(version ?? "")) return undefined;
      return open(kept(version)).catch(absent);
    },

    /**
     * Readies the folders and removes what no row names.
     *
     * @param {() => Promise<string[]>} readVersions asked after the files are listed
     */
    async sweep(readVersions) {
      await rm(join(root, "incoming"), { recursive: true, force: true });
      await mkdir(join(root, "incoming"), { recursive: true });
      await mkdir(join(root, "objects"), { recursive: true });
      const found = await readdir(join(root, "objects"), { recursive: true, withFileTypes: true });
      const known = new Set(await readVersions());
      const strays = found.filter((entry) => entry.isFile() && !known.has(entry.name));
      await Promise.all(strays.map((entry) => rm(join(entry.parentPath, entry.name))));
    },
  };
}

function absent(error) {
  if (error.code !== "ENOENT") throw error;
}
