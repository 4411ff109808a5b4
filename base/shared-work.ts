import { Cancelled, unlessAborted } from "./cancelled.ts";

/** Work that several wait for: an abort ends the waiting of one only, and the work when nobody waits for it any more. */
export class SharedWork<T> {
  readonly #result: Promise<T>;
  readonly #nobody = new AbortController();
  #waiting = 0;
  #isOver = false;

  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#nobody.signal).finally(() => {
      this.#isOver = true;
    });
    this.#result.catch(() => undefined);
  }

  /** Nobody can join it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  async join(signal: AbortSignal | undefined): Promise<T> {
    this.#waiting += 1;
    try {
      return await unlessAborted(this.#result, signal);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#end();
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#nobody.abort(new Cancelled("agent-stopping", "nobody waits for it any more"));
  }
}
