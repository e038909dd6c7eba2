import { notFound, ServiceError } from "./errors.ts";
import type { ExportsService, FirmExport } from "./exports.ts";
import { newestFirst, stamped } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";

const WEEK_MS = 7 * 86_400_000;
/** A ZIP file with nothing in it: here there is only something to download. */
const EMPTY_ZIP = new Uint8Array(22);
EMPTY_ZIP.set([0x50, 0x4b, 0x05, 0x06]);

export function memoryExports(caller: Caller): ExportsService {
  const { backend } = caller;
  const { exports } = backend;
  const mine = () => exports.filter((one) => caller.has(one.firm_id, "owner"));

  return {
    async list(firmId) {
      const rows = mine().filter((one) => one.firm_id === firmId);
      return structuredClone(rows.sort(newestFirst));
    },

    get: async (id) => structuredClone(caller.find(exports, id, "owner")),

    async request(firmId) {
      caller.require(firmId, "owner");
      const isRunning = ({ firm_id, status }: FirmExport) =>
        firm_id === firmId && (status === "queued" || status === "working");
      if (exports.some(isRunning)) {
        throw new ServiceError("export_running", "An export of the firm is being made already.", {
          hint: "Wait until it is ready.",
        });
      }
      const { id, created_at } = stamped();
      const row: FirmExport = {
        ...{ id, created_at, firm_id: firmId, status: "queued", progress: 0, parts: [] },
        ...{ detail: null, finished_at: null },
        expires_at: new Date(Date.parse(created_at) + WEEK_MS).toISOString(),
      };
      exports.push(row);
      backend.changed("exports", row);
      const { id: asked } = caller.signedIn;
      backend.enqueue(() => finish(row, asked));
      return structuredClone(row);
    },

    async open({ path }) {
      const part = mine()
        .flatMap((one) => one.parts)
        .find((one) => one.path === path);
      if (!part) throw notFound();
      const url = URL.createObjectURL(new Blob([EMPTY_ZIP], { type: "application/zip" }));
      return { url, name: path.split("/").at(-1) ?? path };
    },

    watch: (firmId, watcher) =>
      backend.watch(
        "exports",
        (row) => row.firm_id === firmId && caller.has(firmId, "owner"),
        (row) => structuredClone(row),
        watcher,
      ),
  };

  function finish(row: FirmExport, askedBy: string): void {
    const { id, firm_id } = row;
    const parts = [{ path: `${firm_id}/${id}/part-001.zip`, size_bytes: EMPTY_ZIP.length }];
    const finished_at = new Date().toISOString();
    Object.assign(row, { status: "ready", progress: 100, parts, finished_at });
    backend.changed("exports", row);
    backend.notify(firm_id, askedBy, {
      kind: "export_ready",
      title: "The export of your firm is ready",
      body: `It can be downloaded until ${row.expires_at.slice(0, 10)}.`,
      link: `/settings/exports/${id}`,
    });
  }
}
