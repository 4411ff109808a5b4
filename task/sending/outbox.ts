import { systemClock } from "../../base/clock.ts";
import type { Call, Connection } from "../connection/connection.ts";
import { heldOpen } from "./held-open.ts";
import type { Patience } from "./patience.ts";

/** Calls that a program makes without waiting for them, in their order. */
export class Outbox {
  readonly #connection: Pick<Connection, "call">;
  readonly #patience: Patience;
  readonly #waiting: Call[] = [];
  #underWay: Call | undefined;
  #sending: Promise<void> | undefined;

  constructor(connection: Pick<Connection, "call">, patience: Patience) {
    this.#connection = connection;
    this.#patience = patience;
  }

  /** What was not said yet; the first may be under way. */
  get waiting(): readonly Call[] {
    return this.#waiting;
  }

  /** With `merge` the last call joins the new one when it goes to the same endpoint and was not begun yet: a loop that sets a value makes one call, not thousands. */
  add<Body extends object>(endpoint: string, body: Body, merge?: (earlier: Body) => Body): void {
    const last = this.#waiting.at(-1);
    const canJoin = merge !== undefined && last?.endpoint === endpoint && last !== this.#underWay;
    if (canJoin) this.#waiting.splice(-1, 1, { endpoint, body: merge(last.body as Body) });
    else this.#waiting.push({ endpoint, body });
    this.#sending ??= this.#send();
  }

  /** Resolves when everything is said, when the patience is over, or after `limitMs`. */
  async flush(limitMs = Infinity): Promise<void> {
    if (this.#sending === undefined) return;
    const late = new AbortController();
    const limit = limitMs === Infinity ? [] : [systemClock.sleep(limitMs, late.signal).catch(() => undefined)];
    await heldOpen(Promise.race([this.#allSent(), ...limit]));
    late.abort();
  }

  async #allSent(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
  }

  async #send(): Promise<void> {
    // What the program adds in this turn goes with it.
    await Promise.resolve();
    for (let call = this.#waiting[0]; call !== undefined && !this.#patience.isOver; call = this.#waiting[0]) {
      const { endpoint, body } = call;
      this.#underWay = call;
      await this.#patience.make(endpoint, async (options) => await this.#connection.call(endpoint, body, options));
      if (!this.#patience.isOver) this.#waiting.shift();
    }
    this.#sending = undefined;
  }
}
