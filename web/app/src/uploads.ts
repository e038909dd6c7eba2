import type { FileParent, ServiceError, Services } from "@firmbase/services";
import { useEffect, useState } from "preact/hooks";
import { asServiceError } from "./load.ts";

const AT_ONCE = 3;

export interface UploadTask {
  id: string;
  firmId: string;
  parent: FileParent;
  file: File;
  state: "waiting" | "sending" | "refused";
  /** From 0 to 1. */
  share: number;
  error: ServiceError | null;
  allowDuplicate: boolean;
  stop: AbortController;
}

/**
 * The uploads of this tab, wherever in the app one is. Done ones leave: their rows are in the
 * lists by then.
 */
export class Uploads {
  tasks: readonly UploadTask[] = [];
  readonly #services: Services;
  readonly #listeners = new Set<() => void>();

  constructor(services: Services) {
    this.#services = services;
    addEventListener("beforeunload", (event) => {
      if (this.tasks.some((task) => task.state !== "refused")) event.preventDefault();
    });
  }

  add(firmId: string, parent: FileParent, files: Iterable<File>): void {
    const added = Array.from(files, (file): UploadTask => {
      const id = crypto.randomUUID();
      const stop = new AbortController();
      const begun = { state: "waiting", share: 0, error: null, allowDuplicate: false } as const;
      return { id, firmId, parent, file, stop, ...begun };
    });
    this.#set([...this.tasks, ...added]);
    this.#next();
  }

  /** Once more, such as after an error of the network; a duplicate is meant now. */
  retry(task: UploadTask): void {
    const allowDuplicate = task.error?.code === "duplicate_file";
    const stop = new AbortController();
    this.#change(task.id, { state: "waiting", share: 0, error: null, allowDuplicate, stop });
    this.#next();
  }

  /** Stops it, or takes the refusal off the list. */
  remove(task: UploadTask): void {
    task.stop.abort();
    if (task.state !== "sending") this.#drop(task.id);
  }

  removeAll(): void {
    for (const task of this.tasks) this.remove(task);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #next(): void {
    const sending = this.tasks.filter((task) => task.state === "sending").length;
    const waiting = this.tasks.filter((task) => task.state === "waiting");
    for (const task of waiting.slice(0, AT_ONCE - sending)) {
      void this.#send(task).then(() => this.#next());
    }
  }

  async #send({ id, firmId, parent, file, allowDuplicate, stop }: UploadTask): Promise<void> {
    this.#change(id, { state: "sending" });
    try {
      await this.#services.files.upload(firmId, {
        name: file.name,
        body: file,
        parent,
        allowDuplicate,
        onProgress: (share) => this.#change(id, { share }),
        signal: stop.signal,
      });
      this.#drop(id);
    } catch (reason) {
      const error = asServiceError(reason);
      if (error.code === "cancelled") this.#drop(id);
      else this.#change(id, { state: "refused", error });
    }
  }

  #change(id: string, change: Partial<UploadTask>): void {
    this.#set(this.tasks.map((task) => (task.id === id ? { ...task, ...change } : task)));
  }

  #drop(id: string): void {
    this.#set(this.tasks.filter((task) => task.id !== id));
  }

  #set(tasks: UploadTask[]): void {
    this.tasks = tasks;
    for (const listener of this.#listeners) listener();
  }
}

export function useUploads(uploads: Uploads): readonly UploadTask[] {
  const [tasks, setTasks] = useState(uploads.tasks);
  useEffect(() => uploads.onChange(() => setTasks(uploads.tasks)), [uploads]);
  return tasks;
}
