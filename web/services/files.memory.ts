import { cancelled, notFound, ServiceError } from "./errors.ts";
import {
  FILE_PARENTS,
  type FileEntry,
  type FileParent,
  type FilesService,
  kindOf,
} from "./files.ts";
import { newestFirst, type StoredFile, stamped } from "./memory/backend.ts";
import type { Caller } from "./memory/caller.ts";
import { MOST_BYTES, sha256 } from "./transfer.ts";

const STEPS = 8;

export function memoryFiles(caller: Caller, msPerStep = 0): FilesService {
  const { backend } = caller;
  const { files } = backend;
  const mayRead = (file: StoredFile) =>
    caller.has(file.firm_id, file.visibility === "managers" ? "manager" : "viewer");
  const find = (id: string) => {
    const file = files.find((one) => one.id === id);
    if (!file || !mayRead(file)) throw notFound();
    return file;
  };
  const setArchived = (id: string, archived_at: string | null) => {
    const file = find(id);
    const isOwn = file.created_by === caller.account?.id && caller.has(file.firm_id, "member");
    if (!isOwn && !caller.has(file.firm_id, "manager")) throw notFound();
    file.archived_at = archived_at;
    backend.changed("files", file);
    return publicly(file);
  };

  return {
    async list(firmId, parent = {}) {
      return files
        .filter((file) => file.firm_id === firmId && mayRead(file) && isIn(file, parent))
        .filter((file) => file.is_current && file.archived_at === null)
        .map(publicly)
        .sort(newestFirst);
    },

    async get(id) {
      return publicly(find(id));
    },

    async upload(firmId, { name, body, replaces, signal, onProgress, ...more }) {
      const hash = await sha256(body);
      if (signal?.aborted) throw cancelled();
      caller.require(firmId, (more.visibility ?? "firm") === "firm" ? "member" : "manager");
      const before = replaces ? find(replaces) : null;
      const parent = before ?? more.parent ?? {};
      const mime = kindOf(name, body);
      checkFile(name, body, mime);
      const twin = files.find(
        (file) =>
          file.firm_id === firmId &&
          hash !== null &&
          file.sha256 === hash &&
          isIn(file, parent) &&
          file.is_current &&
          file.archived_at === null &&
          ["processing", "ready"].includes(file.status),
      );
      if (twin && !more.allowDuplicate) {
        throw new ServiceError("duplicate_file", `This file is there already, as “${twin.name}”.`, {
          hint: `It is the file ${twin.id}; allow_duplicate uploads it all the same.`,
        });
      }
      const { id, created_at } = stamped();
      const series = files.filter((file) => file.series_id === before?.series_id);
      const file: StoredFile = {
        id,
        created_at,
        firm_id: firmId,
        company_id: parent.company_id ?? null,
        contact_id: parent.contact_id ?? null,
        consultant_id: parent.consultant_id ?? null,
        contract_id: parent.contract_id ?? null,
        series_id: before?.series_id ?? id,
        version: 1 + Math.max(0, ...series.map((one) => one.version)),
        is_current: before === null,
        visibility: before?.visibility ?? more.visibility ?? "firm",
        bucket: "firm-files",
        name,
        mime,
        size_bytes: body.size,
        status: "pending",
        reason: null,
        detail: null,
        page_count: null,
        thumbnail_path: null,
        archived_at: null,
        created_by: caller.signedIn.id,
        sha256: hash,
        body,
      };
      files.push(file);
      backend.changed("files", file);
      for (let step = 1; step <= STEPS; step++) {
        await new Promise((resolve) => setTimeout(resolve, msPerStep));
        if (signal?.aborted) {
          Object.assign(file, {
            status: "failed",
            reason: "upload_cancelled",
            archived_at: file.is_current ? new Date().toISOString() : null,
          });
          backend.changed("files", file);
          throw cancelled();
        }
        onProgress?.(step / STEPS);
      }
      file.status = "processing";
      backend.changed("files", file);
      if (file.contract_id) {
        backend.record(file.contract_id, {
          ...{ kind: "created", detail: null, subject: "file", title: name },
          actor_name: caller.signedIn.name,
        });
      }
      const head = await body.slice(0, 5).text();
      backend.enqueue(() => settle(file, head));
      return publicly(file);
    },

    async open(id) {
      const file = find(id);
      if (file.status === "quarantined") caller.require(file.firm_id, "admin");
      else if (file.status !== "ready") {
        throw new ServiceError("not_ready", "This file cannot be opened: it is not ready.", {
          hint: "Its status says how far it is.",
        });
      }
      return { url: URL.createObjectURL(file.body), name: file.name };
    },

    async thumbnail({ id }) {
      const { body, mime } = find(id);
      return mime.startsWith("image/") ? body : null;
    },

    archive: async (id) => setArchived(id, new Date().toISOString()),
    restore: async (id) => setArchived(id, null),

    watch: (firmId, watcher) =>
      backend.watch("files", (file) => file.firm_id === firmId && mayRead(file), publicly, watcher),
  };

  /** What the worker finds; of all its reasons to refuse, the one that is easily tried out. */
  function settle(file: StoredFile, head: string): void {
    if (file.mime === "application/pdf" && head !== "%PDF-") {
      file.status = "quarantined";
      file.reason = "type_not_allowed";
      file.detail = `“${file.name}” is of a kind that is not kept here.`;
      backend.notify(file.firm_id, file.created_by, {
        kind: "file_quarantined",
        title: `“${file.name}” is in quarantine`,
        body: file.detail,
        link: `/files/${file.id}`,
      });
    } else {
      file.status = "ready";
      for (const other of files.filter((one) => one.series_id === file.series_id)) {
        other.is_current = other === file;
      }
    }
    backend.changed("files", file);
  }
}

function checkFile(name: string, body: Blob, mime: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (!name.trim() || /[/\\\x00-\x1f\x7f]|^\.+$/.test(name)) {
    throw new ServiceError("bad_name", "This file name cannot be used.", {
      hint: "At most 255 bytes, no slashes, no control characters, not only dots.",
    });
  }
  if (body.size === 0) throw new ServiceError("file_empty", "The file is empty.");
  if (body.size > MOST_BYTES) {
    throw new ServiceError("file_too_large", `A file can have at most ${MOST_BYTES / 1e6} MB.`);
  }
  if (
    !/^(application\/(pdf|vnd\..+)|image\/(jpeg|png|webp|tiff|heic)|text\/(csv|plain)|message\/rfc822)$/.test(
      mime,
    )
  ) {
    throw new ServiceError("type_not_allowed", "Files of this type cannot be uploaded.");
  }
}

function isIn(file: FileEntry, parent: { [Key in keyof FileParent]?: string | null }): boolean {
  return FILE_PARENTS.every((key) => file[key] === (parent[key] ?? null));
}

function publicly({ body: _, sha256: __, created_by: ___, ...file }: StoredFile): FileEntry {
  return file;
}
