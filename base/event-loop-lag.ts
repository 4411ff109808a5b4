/** How late timers are in this process: a blocked event loop does nothing in time. Costs one timer a second. */
const EVERY_MS = 1_000;
const KEPT = 10;

export class EventLoopLag implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #recent: number[] = [];
  #due = performance.now() + EVERY_MS;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), EVERY_MS).unref();
  }

  /** The greatest lateness of the last ten seconds, in ms; one that is going on right now counts. */
  get ms(): number {
    return Math.max(0, performance.now() - this.#due, ...this.#recent);
  }

  #tick(): void {
    const now = performance.now();
    this.#recent.push(Math.max(0, now - this.#due));
    if (this.#recent.length > KEPT) this.#recent.shift();
    this.#due = now + EVERY_MS;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
