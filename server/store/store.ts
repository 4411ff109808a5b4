import { Worker } from "node:worker_threads";
import type { Logger } from "../../base/logger.ts";
import { ApiFault } from "../api-fault.ts";
import type { Caller } from "../endpoint.ts";
import { ENDPOINTS } from "../services/endpoints.ts";
import type { StoreReply, StoreRequest, StoreThreadOptions } from "./messages.ts";

/** A call for the store, as the HTTP thread has it. */
export type StoreCall = Omit<StoreRequest, "id">;

export interface StoreAnswer {
  /** The reply's `data` as JSON. */
  readonly json: string;
}

export interface StoreOptions {
  readonly path: string;
  readonly logger: Logger;
  /** Told after each commit: queues that got entries and tasks whose state changed. */
  readonly onEffects: (queues: readonly string[], tasks: readonly string[]) => void;
}

const READERS = 2;

/** The data, behind an asynchronous door: one thread that writes, several that read, so that no query holds up the rest. */
export class Store {
  readonly #options: StoreOptions;
  readonly #writer: StoreThread;
  readonly #readers: StoreThread[];
  #next = 0;

  private constructor(options: StoreOptions, writer: StoreThread, readers: StoreThread[]) {
    this.#options = options;
    this.#writer = writer;
    this.#readers = readers;
  }

  /** Opens or makes the file; readers start after the writer has brought it to today's schema. */
  static async open(options: StoreOptions): Promise<Store> {
    const writer = new StoreThread({ path: options.path, mode: "write" }, options.logger);
    await writer.ready;
    const readers = Array.from({ length: READERS }, () => new StoreThread({ path: options.path, mode: "read" }, options.logger));
    await Promise.all(readers.map((reader) => reader.ready));
    return new Store(options, writer, readers);
  }

  /** Throws ApiFault with the endpoint's refusal. */
  async call(request: StoreCall): Promise<StoreAnswer> {
    const endpoint = ENDPOINTS.get(request.endpoint);
    if (endpoint === undefined) throw new ApiFault(404, 0, `Unable to find endpoint for name ${request.endpoint}`);
    const thread = endpoint.mode === "write" ? this.#writer : this.#leastBusyReader();
    const reply = await thread.ask(request);
    if (reply.error !== undefined) throw new ApiFault(reply.error.code, reply.error.subcode, reply.error.message);
    if (reply.queues.length > 0 || reply.tasks.length > 0) this.#options.onEffects(reply.queues, reply.tasks);
    return { json: reply.json ?? "{}" };
  }

  /** A call of the server's own, with its reply parsed. */
  async internal<T>(endpoint: string, body: object): Promise<T> {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const { json } = await this.call({ endpoint, caller: SERVER, worker: "server", version: 99, bytes, lines: false, extra: {} });
    return JSON.parse(json) as T;
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer, ...this.#readers].map((thread) => thread.close()));
  }

  #leastBusyReader(): StoreThread {
    this.#next = (this.#next + 1) % this.#readers.length;
    const rotated = [...this.#readers.slice(this.#next), ...this.#readers.slice(0, this.#next)];
    return rotated.reduce((best, reader) => (reader.load < best.load ? reader : best));
  }
}

/** The default company of an open server (clearml-api.md 1.6). */
export const COMPANY = "d1bd92a3b039400cbafc60a7a5b1e52b";
const SERVER: Caller = { user: "__apiserver__", userName: "server", company: COMPANY, role: "system" };

interface Pending {
  resolve(reply: StoreReply): void;
  reject(error: unknown): void;
}

/** A worker thread that is started anew when it dies; calls that it held get an error instead of waiting for ever. */
class StoreThread {
  ready: Promise<void>;
  readonly #options: StoreThreadOptions;
  readonly #logger: Logger;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker;
  #count = 0;
  #closing = false;

  constructor(options: StoreThreadOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    [this.#worker, this.ready] = this.#start();
  }

  get load(): number {
    return this.#pending.size;
  }

  async ask(call: StoreCall): Promise<StoreReply> {
    await this.ready;
    const id = ++this.#count;
    const bytes = call.bytes === undefined ? undefined : transferable(call.bytes);
    return await new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ ...call, bytes, id }, bytes === undefined ? [] : [bytes.buffer as ArrayBuffer]);
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#worker.terminate();
  }

  #start(): [Worker, Promise<void>] {
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const worker = new Worker(new URL(`./thread.${extension}`, import.meta.url), { workerData: this.#options });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    worker.on("message", (message: StoreReply | "ready") => (message === "ready" ? resolve() : this.#take(message)));
    worker.on("error", (error) => {
      this.#logger.error({ err: error, mode: this.#options.mode }, "a store thread failed");
      reject(error);
    });
    worker.on("exit", () => this.#exited());
    return [worker, promise];
  }

  #take(reply: StoreReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    pending?.resolve(reply);
  }

  #exited(): void {
    for (const pending of this.#pending.values()) pending.reject(new ApiFault(500, 102, "Data store is starting again"));
    this.#pending.clear();
    if (this.#closing) return;
    [this.#worker, this.ready] = this.#start();
    this.ready.catch(() => undefined);
  }
}

/** Bytes that own their memory can move to the thread; a slice of a pool is copied. */
function transferable(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
