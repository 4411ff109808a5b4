import type { Store } from "../store/store.ts";

const EVERY_MS = 2000;

/**
 * Users that were removed: what they were given before lets nobody in. Read anew every two seconds while somebody calls, since
 * `windlass server user remove` writes into the store beside a running server.
 */
export class PutOut {
  readonly #store: Store;
  #sinceSec: ReadonlyMap<string, number> = new Map();
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(store: Store) {
    this.#store = store;
  }

  async read(): Promise<void> {
    const { users } = await this.#store.internal<{ users: { user: string; since: number }[] }>("internal.put_out", {});
    this.#sinceSec = new Map(users.map(({ user, since }) => [user, since]));
  }

  /** Whether a token of that user, issued then (seconds), counts no longer. */
  has(user: string, issuedSec: number): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#askedMs > EVERY_MS) {
      this.#askedMs = nowMs;
      // What could not be read now is read the next time.
      this.read().catch(() => undefined);
    }
    return issuedSec < (this.#sinceSec.get(user) ?? 0);
  }
}
