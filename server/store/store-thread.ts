import { Worker } from "node:worker_threads";
import { MINUTE_MS, SECOND_MS } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { ApiFault } from "../api-fault.ts";
import type { StoreReply, StoreRequest, StoreThreadOptions, ThreadMessage } from "./messages.ts";
import { unusable } from "./unusable.ts";

const PROGRAM = new URL(`./thread.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);
const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30 * SECOND_MS;

interface Pending {
  readonly endpoint: string;
  resolve(reply: StoreReply): void;
  reject(error: unknown): void;
}

/**
 * A worker thread of the store. One that was ready and died is started anew, with growing pauses; calls that it held get an
 * error instead of waiting for ever. One that never became ready stays away: nothing would be different the next time.
 */
export class StoreThread {
  ready: Promise<void>;
  readonly #options: StoreThreadOptions;
  readonly #logger: Logger;
  readonly #program: URL;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker;
  #count = 0;
  #wasReady = false;
  #isClosing = false;
  #restarts = 0;
  #startedAtMs = 0;
  #restart: NodeJS.Timeout | undefined;
  #giveUp: () => void = () => undefined;

  constructor(options: StoreThreadOptions, logger: Logger, program = PROGRAM) {
    this.#options = options;
    this.#logger = logger;
    this.#program = program;
    [this.#worker, this.ready] = this.#start();
  }

  get load(): number {
    return this.#pending.size;
  }

  async ask(call: Omit<StoreRequest, "id">): Promise<StoreReply> {
    await this.ready.catch(() => Promise.reject(startingAgain()));
    const id = ++this.#count;
    const bytes = call.bytes === undefined ? undefined : transferable(call.bytes);
    return await new Promise((resolve, reject) => {
      this.#pending.set(id, { endpoint: call.endpoint, resolve, reject });
      this.#worker.postMessage({ ...call, bytes, id }, bytes === undefined ? [] : [bytes.buffer as ArrayBuffer]);
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#restart);
    this.#giveUp();
    await this.#worker.terminate();
  }

  #start(): [Worker, Promise<void>] {
    const worker = new Worker(this.#program, { workerData: this.#options });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#startedAtMs = Date.now();
    worker.on("message", (message: ThreadMessage) => {
      if (message.kind === "unusable") reject(unusable(this.#options.path, message));
      else if (message.kind !== "ready") this.#take(message);
      else {
        this.#wasReady = true;
        resolve();
      }
    });
    worker.on("error", (error) => {
      this.#logger.error({ err: error, mode: this.#options.mode }, "a store thread failed");
      reject(error);
    });
    worker.on("exit", () => {
      reject(startingAgain());
      this.#exited();
    });
    // Whoever asks sees the rejection; between two calls nobody does.
    promise.catch(() => undefined);
    return [worker, promise];
  }

  #take(reply: StoreReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.kind === "refusal" && reply.stack !== undefined)
      this.#logger.error({ endpoint: pending?.endpoint, stack: reply.stack }, "a call failed");
    pending?.resolve(reply);
  }

  #exited(): void {
    for (const pending of this.#pending.values()) pending.reject(startingAgain());
    this.#pending.clear();
    if (this.#isClosing || !this.#wasReady) return;
    if (Date.now() - this.#startedAtMs > MINUTE_MS) this.#restarts = 0;
    const pauseMs = Math.min(FIRST_RESTART_MS * 2 ** this.#restarts++, MAX_RESTART_MS);
    // Who asks in the pause waits for the next start: a message to the dead thread would get no answer.
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => undefined);
    this.ready = promise;
    this.#giveUp = () => reject(startingAgain());
    this.#restart = setTimeout(() => {
      [this.#worker, this.ready] = this.#start();
      resolve(this.ready);
    }, pauseMs);
  }
}

const startingAgain = (): ApiFault => new ApiFault(500, 102, "Data store is starting again");

/** Bytes that own their memory can move to the thread; a slice of a pool is copied. */
function transferable(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
