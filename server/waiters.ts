/**
 * Requests that wait for a change: agents for an entry in their queues, watchers for a change of their tasks. Cheap enough
 * for ten thousand: a waiter is an entry in a map per id, and is woken by the ids that a commit touched.
 */
export interface Waiting {
  /** The id that was touched; undefined when the time was over, or nobody waits any more. */
  readonly woken: Promise<string | undefined>;
  /** Goes out of the queue: a waiter that left would be woken in the place of one that is there. */
  leave(): void;
}

export class Waiters {
  readonly #byId = new Map<string, Set<Waiter>>();

  wait(ids: readonly string[], ms: number, signal: AbortSignal): Waiting {
    if (ms <= 0 || ids.length === 0 || signal.aborted) return { woken: Promise.resolve(undefined), leave: () => undefined };
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const end = (touched?: string): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      for (const id of ids) this.#forget(id, waiter);
      resolve(touched);
    };
    const leave = (): void => end();
    const waiter: Waiter = { wake: end };
    const timer = setTimeout(leave, ms);
    signal.addEventListener("abort", leave, { once: true });
    for (const id of ids) this.#byId.set(id, (this.#byId.get(id) ?? new Set()).add(waiter));
    return { woken: promise, leave };
  }

  /** Wakes the one that waits longest; false when nobody waits. */
  wakeOne(id: string): boolean {
    const [first] = this.#byId.get(id) ?? [];
    first?.wake(id);
    return first !== undefined;
  }

  wakeAll(id: string): void {
    for (const waiter of [...(this.#byId.get(id) ?? [])]) waiter.wake(id);
  }

  get size(): number {
    return this.#byId.size;
  }

  #forget(id: string, waiter: Waiter): void {
    const waiters = this.#byId.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#byId.delete(id);
  }
}

interface Waiter {
  wake(id: string): void;
}
