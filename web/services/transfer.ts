import type { Client, Project } from "./client.ts";
import { ask, cancelled, offline, ServiceError, signedOut, storageError } from "./errors.ts";

/** Where the server wants an object, and as what. */
interface Place {
  bucket: string;
  path: string;
  mime: string;
}

interface Content {
  body: Blob;
  /** From 0 to 1. */
  onProgress?: ((share: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** Sends one object to its place in the Storage, as whoever is signed in. */
export async function send(
  client: Client,
  project: Project,
  place: Place,
  { body, onProgress, signal }: Content,
): Promise<void> {
  const { session } = await ask(client.auth.getSession());
  if (!session) throw signedOut();
  await transfer({
    url: `${project.url}/storage/v1/object/${place.bucket}/${place.path}`,
    headers: {
      apikey: project.publishableKey,
      Authorization: `Bearer ${session.access_token}`,
      "Content-Type": place.mime,
    },
    body,
    onProgress: (sent) => onProgress?.(body.size ? sent / body.size : 1),
    signal,
  });
}

interface Transfer {
  url: string;
  headers: Record<string, string>;
  body: Blob;
  /** Bytes that have left, from 0 to the size of the body. */
  onProgress?: ((sent: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * With XMLHttpRequest, the one way of a browser to say how far an upload is; where there is none
 * (Node, workers), with fetch, which only tells the end.
 */
async function transfer(request: Transfer): Promise<void> {
  if (request.signal?.aborted) throw cancelled();
  const answer = await (typeof XMLHttpRequest === "undefined" ? byFetch : byRequest)(request);
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

/** What the server takes at most. What is larger it refuses by its size, before anybody reads it. */
export const MOST_BYTES = 50_000_000;

/**
 * The SHA-256 in hex; null of what is too large to upload, and where the page is not served securely
 * and a browser does not compute it.
 */
export async function sha256(body: Blob): Promise<string | null> {
  if (!globalThis.crypto?.subtle || body.size > MOST_BYTES) return null;
  const digest = await crypto.subtle.digest("SHA-256", await body.arrayBuffer()).catch((error) => {
    throw new ServiceError("unreadable", "This file cannot be read.", {
      hint: "It may have been moved or changed: choose it once more.",
      cause: error,
    });
  });
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
