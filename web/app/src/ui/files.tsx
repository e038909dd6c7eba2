import { atLeast, FILE_PARENTS, type FileEntry, type FileParent } from "@firmbase/services";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { asServiceError, useLoad, useWatch } from "../load.ts";
import { useSession } from "../session.ts";
import { type UploadTask, useUploads } from "../uploads.ts";
import { moment, size } from "../words.ts";
import { Icon } from "./icons.tsx";
import { Badge, Empty, ErrorNote, Loading } from "./states.tsx";

const isIn = (file: FileEntry, parent: FileParent): boolean =>
  FILE_PARENTS.every((key) => file[key] === (parent[key] ?? null));

/** Before that it is for whoever uploads it to see, and may never come. */
const hasArrived = (file: FileEntry): boolean => file.status !== "pending";

/** The files of a company, a consultant or a contract, as they are at this moment. */
export function Files(props: { parent: FileParent; onChanged?: () => void }) {
  const { parent, onChanged } = props;
  const { services, firm, role, say, uploads } = useSession();
  const firmId = firm.firm_id;
  const place = FILE_PARENTS.map((key) => parent[key] ?? "").join();
  const { data, error, reload, setData } = useLoad(
    async () => (await services.files.list(firmId, parent)).filter(hasArrived),
    [firmId, place],
  );
  const isUp = useWatch(services.files.watch, firmId, {
    ready: reload,
    changed: (file) => {
      if (!isIn(file, parent) || !hasArrived(file)) return;
      onChanged?.();
      setData((files) => files && merged(files, file));
      if (file.status === "ready") say(`${file.name} is ready.`);
      if (file.status === "quarantined") say(`${file.name} is in quarantine.`);
    },
  });
  const tasks = useUploads(uploads).filter(
    (task) =>
      task.firmId === firmId && FILE_PARENTS.every((key) => task.parent[key] === parent[key]),
  );
  const mayUpload = atLeast(role, "member");

  return (
    <section class="panel" aria-labelledby="files-title">
      <header class="panel-head">
        <h2 id="files-title">Files</h2>
        {!isUp && <span class="badge warn">Reconnecting …</span>}
      </header>
      {mayUpload && <DropZone onFiles={(files) => uploads.add(firmId, parent, files)} />}
      {error && <ErrorNote error={error} retry={reload} />}
      {!data && !error && <Loading lines={2} />}
      {tasks.length > 0 && (
        <ul class="files" aria-label="Uploads">
          {tasks.map((task) => (
            <Task key={task.id} task={task} />
          ))}
        </ul>
      )}
      {data && data.length > 0 && (
        <ul class="files" aria-label="Files">
          {data.map((file) => (
            <FileRow key={file.id} file={file} />
          ))}
        </ul>
      )}
      {data?.length === 0 && tasks.length === 0 && (
        <Empty icon="file" title="No files yet">
          <p>
            {mayUpload ? "Offers, signed copies, CVs: drop them above." : "Nobody has added one."}
          </p>
        </Empty>
      )}
    </section>
  );
}

/** The list after a file has changed: a version that is no longer current, or archived, leaves. */
function merged(files: FileEntry[], file: FileEntry): FileEntry[] {
  const others = files.filter((one) => one.id !== file.id);
  if (!file.is_current || file.archived_at) return others;
  if (others.length < files.length) return files.map((one) => (one.id === file.id ? file : one));
  return [file, ...others.filter((one) => one.series_id !== file.series_id)];
}

function DropZone({ onFiles }: { onFiles: (files: FileList) => void }) {
  const [isOver, setOver] = useState(false);
  const id = useId();
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: for the mouse; the input is for everybody
    <div
      class={`drop ${isOver ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) onFiles(event.dataTransfer.files);
      }}
    >
      <Icon name="upload" />
      <p>Drop files here, or</p>
      <input
        id={id}
        class="visually-hidden"
        type="file"
        multiple
        onChange={(event) => {
          const { files } = event.currentTarget;
          if (files) onFiles(files);
          event.currentTarget.value = "";
        }}
      />
      <label class="button" for={id}>
        Choose files
      </label>
      <p class="small">Documents, sheets, pictures and mails, up to 50 MB each.</p>
    </div>
  );
}

function Task({ task }: { task: UploadTask }) {
  const { uploads } = useSession();
  const percent = Math.round(task.share * 100);
  return (
    <li class="file" data-state={task.state}>
      <span class="file-picture">
        <Icon name={task.state === "refused" ? "warning" : "upload"} />
      </span>
      <div class="file-facts">
        <p class="file-name">{task.file.name}</p>
        {task.error ? (
          <p class="file-reason" role="alert">
            {task.error.message}{" "}
            {task.error.code === "duplicate_file" ? "Upload it all the same?" : task.error.hint}
          </p>
        ) : (
          <>
            <progress max={100} value={percent} aria-label={`Uploading ${task.file.name}`} />
            <p class="small">
              {task.state === "waiting" ? "Waiting" : `${percent} % of ${size(task.file.size)}`}
            </p>
          </>
        )}
      </div>
      <div class="file-end">
        {task.state === "refused" && (
          <button type="button" class="button small" onClick={() => uploads.retry(task)}>
            {task.error?.code === "duplicate_file" ? "Upload" : "Try again"}
          </button>
        )}
        <button
          type="button"
          class="button small ghost"
          aria-label={`${task.state === "refused" ? "Dismiss" : "Cancel"} ${task.file.name}`}
          onClick={() => uploads.remove(task)}
        >
          {task.state === "refused" ? "Dismiss" : "Cancel"}
        </button>
      </div>
    </li>
  );
}

export function FileRow({ file }: { file: FileEntry }) {
  const { services, role, say } = useSession();
  const open = async () => {
    try {
      const { url, name } = await services.files.open(file.id);
      save(url, name);
    } catch (reason) {
      say(asServiceError(reason).message);
    }
  };
  const mayOpen =
    file.status === "ready" || (file.status === "quarantined" && atLeast(role, "admin"));
  return (
    <li class="file" data-state={file.status}>
      <Thumbnail file={file} />
      <div class="file-facts">
        <p class="file-name">{file.name}</p>
        {file.detail && file.status !== "ready" ? (
          <p class="file-reason">{file.detail}</p>
        ) : (
          <p class="small">
            {size(file.size_bytes)}
            {file.page_count ? ` · ${file.page_count} p.` : ""}
            {file.version > 1 ? ` · version ${file.version}` : ""} · {moment(file.created_at)}
          </p>
        )}
      </div>
      <div class="file-end">
        {file.status !== "ready" && <Badge status={file.status} />}
        {mayOpen && (
          <button
            type="button"
            class="button small ghost"
            aria-label={`Download ${file.name}`}
            onClick={open}
          >
            <Icon name="download" />
          </button>
        )}
      </div>
    </li>
  );
}

function Thumbnail({ file }: { file: FileEntry }) {
  const { services } = useSession();
  const picture = useRef<HTMLImageElement>(null);
  const [isThere, setThere] = useState(false);
  const hasOne = file.status === "ready" && file.thumbnail_path !== null;
  useEffect(() => {
    if (!hasOne) return;
    let url = "";
    services.files.thumbnail(file).then(
      (blob) => {
        if (!blob || !picture.current) return;
        url = URL.createObjectURL(blob);
        picture.current.src = url;
        setThere(true);
      },
      // A picture less: the file is there all the same.
      () => {},
    );
    return () => URL.revokeObjectURL(url);
  }, [file.id, hasOne]);
  return (
    <span class="file-picture">
      {!isThere && <Icon name={file.status === "quarantined" ? "warning" : "file"} />}
      <img ref={picture} alt="" hidden={!isThere} />
    </span>
  );
}

/** Has the browser save what is at an address. */
export function save(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  save(url, name);
  // Not before the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
