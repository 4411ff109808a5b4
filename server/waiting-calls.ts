import { isMap } from "./body.ts";
import { QUEUE_LIST } from "./endpoint.ts";
import type { Store, StoreAnswer, StoreCall } from "./store/store.ts";
import { Waiters } from "./waiters.ts";

/**
 * Our own addition to ClearML's wire: two reads that can wait, by extra fields that other servers ignore.
 *
 * - `queues.get_all {…, windlass_wait_ms}`: answers when one of the queues asked for by id has an entry, at once when
 *   one of them does not exist, and when any queue is made or deleted: the caller may be waiting for one by name.
 * - `tasks.get_all {…, windlass_wait_ms, windlass_since}`: answers when status, message or runtime of one of the tasks
 *   asked for by id is not what it was at the reply that gave `windlass_since`.
 *
 * Replies carry `windlass_waited: true`, which tells the client that this server can wait.
 */
const MAX_WAIT_MS = 120_000;
/** When the woken agent has not taken an entry by then, the next one is woken. */
const NEXT_WAITER_MS = 1_000;

export interface WaitFields {
  readonly waitMs: number;
  readonly ids: readonly string[];
  readonly since: unknown;
}

/** The wait that a call asks for; undefined for all others. Looks for the field's name first: parsing is not free. */
export function waitOf(call: StoreCall): WaitFields | undefined {
  if (call.bytes === undefined || (call.endpoint !== "queues.get_all" && call.endpoint !== "tasks.get_all")) return undefined;
  const text = Buffer.from(call.bytes.buffer, call.bytes.byteOffset, call.bytes.byteLength);
  if (!text.includes("windlass_wait_ms")) return undefined;
  try {
    const body: unknown = JSON.parse(text.toString());
    if (!isMap(body) || !Object.hasOwn(body, "windlass_wait_ms")) return undefined;
    const ids = Array.isArray(body["id"]) ? body["id"].filter((id) => typeof id === "string") : [];
    return { waitMs: Math.min(Number(body["windlass_wait_ms"]) || 0, MAX_WAIT_MS), ids, since: body["windlass_since"] };
  } catch {
    return undefined;
  }
}

export class WaitingCalls {
  readonly #store: () => Store;
  readonly #queues = new Waiters();
  readonly #tasks = new Waiters();
  readonly #rewakes = new Set<NodeJS.Timeout>();
  #isClosed = false;

  constructor(store: () => Store) {
    this.#store = store;
  }

  /** After a commit. */
  touched(queues: readonly string[], tasks: readonly string[]): void {
    for (const queue of queues) {
      if (queue === QUEUE_LIST) this.#queues.wakeAll(queue);
      else this.#wakeForEntry(queue);
    }
    for (const task of tasks) this.#tasks.wakeAll(task);
  }

  close(): void {
    this.#isClosed = true;
    for (const timer of this.#rewakes) clearTimeout(timer);
  }

  async answer(call: StoreCall, wait: WaitFields, signal: AbortSignal): Promise<StoreAnswer> {
    return call.endpoint === "queues.get_all" ? await this.#peek(call, wait, signal) : await this.#watch(call, wait, signal);
  }

  async #peek(call: StoreCall, wait: WaitFields, signal: AbortSignal): Promise<StoreAnswer> {
    const deadline = Date.now() + wait.waitMs;
    const ids = wait.ids.length === 0 ? [] : [...wait.ids, QUEUE_LIST];
    for (let isOver = false; ; ) {
      const waiting = this.#queues.wait(ids, isOver ? 0 : deadline - Date.now(), signal);
      try {
        const data = await this.#read(call);
        const queues = Array.isArray(data["queues"]) ? data["queues"].filter(isMap) : [];
        if (isOver || isFilled(queues) || queues.length < new Set(wait.ids).size) return replyOf({ ...data, windlass_waited: true });
        const touched = await waiting.woken;
        if (touched === undefined) return replyOf({ ...data, windlass_waited: true });
        isOver = touched === QUEUE_LIST;
      } finally {
        waiting.leave();
      }
    }
  }

  async #watch(call: StoreCall, wait: WaitFields, signal: AbortSignal): Promise<StoreAnswer> {
    const deadline = Date.now() + wait.waitMs;
    for (;;) {
      const waiting = this.#tasks.wait(wait.ids, deadline - Date.now(), signal);
      try {
        const data = await this.#read(call);
        const state = stateOf(data["tasks"]);
        const isChanged = wait.since === undefined || wait.since === null || JSON.stringify(wait.since) !== JSON.stringify(state);
        if (isChanged || (await waiting.woken) === undefined) return replyOf({ ...data, windlass_waited: true, windlass_since: state });
      } finally {
        waiting.leave();
      }
    }
  }

  /** The bytes move to the store thread, and the call may be repeated: each reading takes a copy. */
  async #read(call: StoreCall): Promise<Record<string, unknown>> {
    const bytes = call.bytes === undefined ? undefined : new Uint8Array(call.bytes);
    return JSON.parse((await this.#store().call({ ...call, bytes })).json) as Record<string, unknown>;
  }

  #wakeForEntry(queue: string): void {
    if (this.#isClosed || !this.#queues.wakeOne(queue)) return;
    const timer = setTimeout(() => {
      this.#rewakes.delete(timer);
      void this.#wakeAgain(queue);
    }, NEXT_WAITER_MS);
    this.#rewakes.add(timer);
  }

  async #wakeAgain(queue: string): Promise<void> {
    const { num } = await this.#store()
      .internal<{ num: number }>("queues.get_num_entries", { queue })
      .catch(() => ({ num: 0 }));
    if (num > 0) this.#wakeForEntry(queue);
  }
}

function stateOf(tasks: unknown): Record<string, string> {
  const list = Array.isArray(tasks) ? tasks.filter(isMap) : [];
  return Object.fromEntries(
    list.map((task) => [String(task["id"]), JSON.stringify([task["status"], task["status_message"], task["runtime"]])]),
  );
}

const isFilled = (queues: readonly Record<string, unknown>[]): boolean =>
  queues.some((queue) => Array.isArray(queue["entries"]) && queue["entries"].length > 0);

const replyOf = (data: object): StoreAnswer => ({ json: JSON.stringify(data) });
