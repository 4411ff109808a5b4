/**
 * Requests that wait for a change: agents for an entry in their queues, watchers for a change of their tasks. Cheap enough
 * for ten thousand: a waiter is an entry in a map per id, and is woken by the ids that a commit touched.
 */
export class Waiters {
  readonly #byId = new Map<string, Set<Waiter>>();

  /** Resolves true when one of `ids` is touched, false after `ms` or when the signal ends it. */
  wait(ids: readonly string[], ms: number, signal: AbortSignal): Promise<boolean> {
    if (ms <= 0 || ids.length === 0 || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (touched: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stop);
        for (const id of ids) this.#forget(id, waiter);
        resolve(touched);
      };
      const stop = (): void => end(false);
      const waiter: Waiter = { wake: () => end(true) };
      const timer = setTimeout(stop, ms);
      signal.addEventListener("abort", stop, { once: true });
      for (const id of ids) this.#byId.set(id, (this.#byId.get(id) ?? new Set()).add(waiter));
    });
  }

  /** Wakes the one that waits longest; false when nobody waits. */
  wakeOne(id: string): boolean {
    const [first] = this.#byId.get(id) ?? [];
    first?.wake();
    return first !== undefined;
  }

  wakeAll(id: string): void {
    for (const waiter of [...(this.#byId.get(id) ?? [])]) waiter.wake();
  }

  #forget(id: string, waiter: Waiter): void {
    const waiters = this.#byId.get(id);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#byId.delete(id);
  }
}

interface Waiter {
  wake(): void;
}
