import { openAsBlob } from "node:fs";
import { ApiError } from "./api-error.ts";
import type { CallOptions, Session } from "./session.ts";

/** A server that takes less than 50 kB a second is as good as none. */
const SLOWEST_BYTES_PER_MS = 50;

/** The file server (clearml-api.md 8): artifacts, models and images. */
export class Files {
  readonly #session: Pick<Session, "authorization">;
  /** Its address, without a slash at the end. */
  readonly address: string;

  /** How long an answer may take, in ms; an upload may take longer by what it holds. */
  readonly #answerMs: number;

  constructor(session: Pick<Session, "authorization">, address: string, { answerMs = 30_000 }: { readonly answerMs?: number } = {}) {
    this.#session = session;
    this.address = address;
    this.#answerMs = answerMs;
  }

  /** Stores bytes, or the file of a path as it streams from the disk, under `path` and returns their address. Throws ApiError. */
  async upload(path: string, content: Uint8Array | string, options: CallOptions = {}): Promise<string> {
    const blob = typeof content === "string" ? await openAsBlob(content) : new Blob([content as Uint8Array<ArrayBuffer>]);
    const form = new FormData();
    form.set(`/${path}`, blob, `/${path}`);
    const signal = AbortSignal.any([
      AbortSignal.timeout(this.#answerMs + Math.ceil(blob.size / SLOWEST_BYTES_PER_MS)),
      ...(options.signal ? [options.signal] : []),
    ]);
    await this.#request(`${this.address}/`, { method: "POST", body: form, signal }, options);
    return `${this.address}/${quoted(path)}`;
  }

  /** The bytes behind an address of this server, as a stream. Throws ApiError, 404 among them. */
  async download(url: string, options: CallOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#request(url, {}, options);
    return response.body ?? new ReadableStream();
  }

  /** Deletes one file; false when there is none. */
  async remove(url: string, options: CallOptions = {}): Promise<boolean> {
    try {
      await this.#request(url, { method: "DELETE" }, options);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
  }

  async #request(url: string, init: RequestInit, options: CallOptions): Promise<Response> {
    const endpoint = `file server ${init.method ?? "GET"}`;
    // Whatever else an artifact's address names does not get to see our token.
    const headers = url.startsWith(`${this.address}/`) ? { authorization: await this.#session.authorization(options) } : {};
    const response = await fetch(url, { signal: options.signal ?? null, ...init, headers }).catch((cause) => {
      options.signal?.throwIfAborted();
      throw new ApiError({ endpoint, status: 0, subcode: 0, message: `no answer from ${new URL(url).origin}`, cause });
    });
    if (response.ok) return response;
    const message = (await response.text()).slice(0, 200) || `HTTP ${response.status}`;
    throw new ApiError({ endpoint, status: response.status, subcode: 0, message });
  }
}

/** As the official SDK writes addresses: spaces and slashes of a path are kept apart from what has a meaning in one. */
const quoted = (path: string): string => path.split("/").map(encodeURIComponent).join("/");
