import { codeOf, messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { ApiFault } from "../api-fault.ts";
import type { Body, Caller, Endpoint, FollowUp } from "../endpoint.ts";
import type { RawHead } from "../raw-answer.ts";
import { endpointFor } from "../services/catalogue.ts";
import { addInSlices, isLargeBatch } from "./large-batch.ts";
import { askInParts, isLongList } from "./long-list.ts";
import type { StoreRequest } from "./messages.ts";
import { ensurePrivateFile } from "./private-file.ts";
import { newScrollMemory } from "./scrolls.ts";
import { StoreThread } from "./store-thread.ts";
import { unusable } from "./unusable.ts";

/** A call for the store, as the HTTP thread has it. */
export type StoreCall = Omit<StoreRequest, "id">;

export interface StoreAnswer {
  /** The reply's `data` as JSON; with `raw` the text that is sent as it is. */
  readonly json: string;
  readonly raw?: RawHead | undefined;
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
  readonly #readers: readonly StoreThread[];
  /** For the server's own readings, logins above all: they wait behind nobody's query. */
  readonly #door: StoreThread;
  #next = 0;

  private constructor(options: StoreOptions, writer: StoreThread, door: StoreThread, readers: readonly StoreThread[]) {
    this.#options = options;
    this.#writer = writer;
    this.#door = door;
    this.#readers = readers;
  }

  /** Opens or makes the file; readers start after the writer has brought it to today's schema. */
  static async open(options: StoreOptions): Promise<Store> {
    await ensurePrivateFile(options.path).catch((error: unknown) => {
      throw unusable(options.path, { code: codeOf(error), message: messageOf(error) });
    });
    const shared = { path: options.path, scrolls: newScrollMemory() };
    const writer = new StoreThread({ ...shared, mode: "write" }, options.logger);
    const threads = [writer];
    try {
      await writer.ready;
      for (let n = 0; n <= READERS; n++) threads.push(new StoreThread({ ...shared, mode: "read" }, options.logger));
      await Promise.all(threads.map((thread) => thread.ready));
      const [door, ...readers] = threads.slice(1) as [StoreThread, ...StoreThread[]];
      return new Store(options, writer, door, readers);
    } catch (error) {
      await Promise.all(threads.map((thread) => thread.close()));
      throw error;
    }
  }

  /** Throws ApiFault with the endpoint's refusal. */
  async call(request: StoreCall): Promise<StoreAnswer> {
    const ask = async (part: StoreCall): Promise<StoreAnswer> => await this.#asked(part);
    if (isLargeBatch(request)) return await addInSlices(request, ask);
    if (isLongList(request)) return await askInParts(request, ask);
    return await ask(request);
  }

  async #asked(request: StoreCall): Promise<StoreAnswer> {
    const reply = await this.#threadFor(endpointFor(request.endpoint, request.version), request).ask(request);
    if (reply.kind === "refusal") throw new ApiFault(reply.code, reply.subcode, reply.message);
    if (reply.queues.length > 0 || reply.tasks.length > 0) this.#options.onEffects(reply.queues, reply.tasks);
    if (reply.followUp !== undefined) await this.#carryOut(reply.followUp);
    return { json: reply.json, raw: reply.raw };
  }

  async #carryOut({ endpoint, body }: FollowUp): Promise<void> {
    for (let next: Body | undefined = body; next !== undefined; ) {
      const reply: { next?: Body } = await this.internal(endpoint, next);
      next = reply.next;
    }
  }

  /** A call of the server's own, with its reply parsed. */
  async internal<T>(endpoint: string, body: object): Promise<T> {
    const bytes = new TextEncoder().encode(JSON.stringify(body));
    const { json } = await this.call({ endpoint, caller: SERVER, worker: "server", ip: "", version: 99, bytes, lines: false, extra: {} });
    return JSON.parse(json) as T;
  }

  async close(): Promise<void> {
    await Promise.all([this.#writer, this.#door, ...this.#readers].map((thread) => thread.close()));
  }

  #threadFor(endpoint: Endpoint, request: StoreCall): StoreThread {
    if (endpoint.mode === "write" || mentions(request, endpoint.writesWith)) return this.#writer;
    return endpoint.name.startsWith("internal.") ? this.#door : this.#leastBusyReader();
  }

  #leastBusyReader(): StoreThread {
    this.#next = (this.#next + 1) % this.#readers.length;
    const rotated = [...this.#readers.slice(this.#next), ...this.#readers.slice(0, this.#next)];
    return rotated.reduce((best, reader) => (reader.load < best.load ? reader : best));
  }
}

/** Whether a field may be among the request's: to look for its name costs less than to parse. */
function mentions({ bytes, extra }: StoreCall, field: string | undefined): boolean {
  if (field === undefined) return false;
  return field in extra || (bytes !== undefined && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(`"${field}"`));
}

/** The default company of an open server (clearml-api.md 1.6). */
export const COMPANY = "d1bd92a3b039400cbafc60a7a5b1e52b";
const SERVER: Caller = { user: "__apiserver__", userName: "server", company: COMPANY, role: "system" };
