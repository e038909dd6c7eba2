import { cancelled, offline, ServiceError, signedOut, storageError } from "./errors.ts";

export interface Transfer {
  url: string;
  headers: Record<string, string>;
  body: Blob;
  /** Bytes that have left, from 0 to the size of the body. */
  onProgress?: ((sent: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Sends one object to the Storage. With XMLHttpRequest, the one way of a browser to say how far an
 * upload is; where there is none (Node, workers), with fetch, which only tells the end.
 */
export async function send(transfer: Transfer): Promise<void> {
  if (transfer.signal?.aborted) throw cancelled();
  const answer = await (typeof XMLHttpRequest === "undefined" ? byFetch : byRequest)(transfer);
  if (answer.status < 300) return;
  if (answer.status === 401) throw signedOut();
  const { statusCode, message } = parse(answer.text);
  throw storageError(statusCode ?? String(answer.status), message, answer);
}

interface Answer {
  status: number;
  text: string;
}

function byRequest({ url, headers, body, onProgress, signal }: Transfer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onProgress?.(Math.min(loaded, body.size));
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => reject(offline());
    request.onabort = () => reject(cancelled());
    const abort = () => request.abort();
    signal?.addEventListener("abort", abort);
    request.onloadend = () => signal?.removeEventListener("abort", abort);
    request.send(body);
  });
}

async function byFetch({ url, headers, body, onProgress, signal }: Transfer): Promise<Answer> {
  try {
    const request = { method: "POST", headers, body, ...(signal ? { signal } : {}) };
    const answer = await fetch(url, request);
    onProgress?.(body.size);
    return { status: answer.status, text: await answer.text() };
  } catch (error) {
    throw signal?.aborted ? cancelled() : offline(error);
  }
}

function parse(text: string): { statusCode?: string; message?: string } {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy in between has its own way to refuse.
    return {};
  }
}

/** The SHA-256 in hex; null where the page is not served securely and a browser does not compute it. */
export async function sha256(body: Blob): Promise<string | null> {
  if (!globalThis.crypto?.subtle) return null;
  const digest = await crypto.subtle.digest("SHA-256", await body.arrayBuffer()).catch((error) => {
    throw new ServiceError("unreadable", "This file cannot be read.", {
      hint: "It may have been moved or changed: choose it once more.",
      cause: error,
    });
  });
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
