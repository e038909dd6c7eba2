import type { Client, Narrow, Project, Row } from "./client.ts";
import { ask, cancelled } from "./errors.ts";
import { type Stop, type Watcher, watchRows } from "./live.ts";
import { send, sha256 } from "./transfer.ts";

export type FileStatus = "pending" | "processing" | "ready" | "quarantined" | "failed";
export type Visibility = "firm" | "managers" | "portal";

export type FileEntry = Narrow<
  Pick<
    Row<"files">,
    | "id"
    | "firm_id"
    | (typeof FILE_PARENTS)[number]
    | "series_id"
    | "version"
    | "is_current"
    | "visibility"
    | "bucket"
    | "name"
    | "mime"
    | "size_bytes"
    | "status"
    | "reason"
    | "detail"
    | "page_count"
    | "thumbnail_path"
    | "created_at"
    | "archived_at"
  >,
  { status: FileStatus; visibility: Visibility }
>;

export const FILE_PARENTS = ["company_id", "contact_id", "consultant_id", "contract_id"] as const;
/** Where a file belongs: one of them, or the firm itself. */
export type FileParent = { [Key in (typeof FILE_PARENTS)[number]]?: string };

export interface Upload {
  name: string;
  body: Blob;
  parent?: FileParent;
  /** The document that this is a new version of; parent and visibility are its own then. */
  replaces?: string;
  visibility?: Visibility;
  /** Also where the same bytes are in the same place already. */
  allowDuplicate?: boolean;
  /** From 0 to 1. */
  onProgress?: (share: number) => void;
  /** Cancels it; what had arrived is given back. */
  signal?: AbortSignal;
}

export interface FilesService {
  /** The current versions in one place, newest first. */
  list(firmId: string, parent?: FileParent): Promise<FileEntry[]>;
  get(id: string): Promise<FileEntry>;
  /**
   * Returns as soon as everything has arrived, with the status `processing`; `watch` tells when it
   * is `ready` (or `quarantined`, with the reason). Errors: those of begin_upload, such as
   * duplicate_file before a byte has moved; cancelled, offline.
   */
  upload(firmId: string, upload: Upload): Promise<FileEntry>;
  /** An address that saves the file; it works for a minute, and that it was asked for is written down. */
  open(id: string): Promise<{ url: string; name: string }>;
  /** A small picture of it; null where there is none. */
  thumbnail(file: FileEntry): Promise<Blob | null>;
  archive(id: string): Promise<FileEntry>;
  restore(id: string): Promise<FileEntry>;
  watch(firmId: string, watcher: Watcher<FileEntry>): Stop;
}

const COLUMNS = `id, firm_id, company_id, contact_id, consultant_id, contract_id, series_id,
  version, is_current, visibility, bucket, name, mime, size_bytes, status, reason, detail,
  page_count, thumbnail_path, created_at, archived_at`;
const OPEN_SECONDS = 60;

export function supabaseFiles(client: Client, project: Project): FilesService {
  const files = () => client.from("files");
  const get = async (id: string) =>
    (await ask(files().select(COLUMNS).eq("id", id).single())) as FileEntry;
  const setArchived = async (id: string, archived_at: string | null) =>
    (await ask(files().update({ archived_at }).eq("id", id).select(COLUMNS).single())) as FileEntry;

  return {
    async list(firmId, parent = {}) {
      let query = files()
        .select(COLUMNS)
        .eq("firm_id", firmId)
        .eq("is_current", true)
        .is("archived_at", null);
      for (const key of FILE_PARENTS) {
        const id = parent[key];
        query = id ? query.eq(key, id) : query.is(key, null);
      }
      return (await ask(query.order("created_at", { ascending: false }))) as FileEntry[];
    },

    get,

    async upload(firmId, { name, body, parent, replaces, signal, onProgress, ...more }) {
      const hash = await sha256(body);
      if (signal?.aborted) throw cancelled();
      const place = await ask(
        client.rpc("begin_upload", {
          firm_id: firmId,
          name,
          size_bytes: body.size,
          mime: kindOf(name, body),
          ...parent,
          ...(replaces ? { replaces } : {}),
          ...(hash ? { sha256: hash } : {}),
          ...(more.visibility ? { visibility: more.visibility } : {}),
          allow_duplicate: more.allowDuplicate ?? false,
        }),
      );
      try {
        await send(client, project, place, { body, onProgress, signal });
        await ask(client.rpc("finish_upload", { file_id: place.id }));
      } catch (error) {
        // Gives back what it reserved; where that is out of reach it expires within the hour.
        await client.rpc("cancel_upload", { file_id: place.id });
        throw error;
      }
      return get(place.id);
    },

    async open(id) {
      const file = (await ask(client.rpc("open_file", { file_id: id }))) as unknown as Opened;
      const { signedUrl } = await ask(
        client.storage
          .from(file.bucket)
          .createSignedUrl(file.path, OPEN_SECONDS, { download: file.name }),
      );
      return { url: signedUrl, name: file.name };
    },

    async thumbnail({ bucket, thumbnail_path }) {
      if (!thumbnail_path) return null;
      return ask(client.storage.from(bucket).download(thumbnail_path));
    },

    archive: (id) => setArchived(id, "now"),
    restore: (id) => setArchived(id, null),

    watch: (firmId, watcher) => watchRows(client, "files", firmId, get, watcher),
  };
}

/** What open_file returns; the generated types do not know the `out` parameters of a function. */
interface Opened {
  bucket: string;
  path: string;
  name: string;
}

/** What browsers do not know, or each in its own way, by the ending of the name. */
const KINDS: Record<string, string> = {
  csv: "text/csv",
  eml: "message/rfc822",
  heic: "image/heic",
  md: "text/plain",
  msg: "application/vnd.ms-outlook",
};

/** The type to announce. The server looks for itself; this must only be one that may be uploaded. */
export function kindOf(name: string, body: Blob): string {
  const ending = name.split(".").at(-1)?.toLowerCase() ?? "";
  return KINDS[ending] ?? (body.type.split(";")[0] || "application/octet-stream");
}
