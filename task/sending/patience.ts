import type { CallOptions } from "../../api/session.ts";
import { messageOf } from "../../base/errors.ts";
import { PATIENT } from "../../base/retry.ts";
import { tell } from "../tell.ts";

/** A call that is not answered for so long is worth a line. */
const AWAY_AFTER_MS = 5_000;

/**
 * Makes calls that nobody waits for until the server answers them, without keeping the process alive. That the server is away
 * is told in one line, once until it is back; so is what it refuses.
 */
export class Patience {
  readonly #server: string;
  readonly #ended = new AbortController();
  #isAwayTold = false;
  #refusalsTold = 0;

  constructor(server: string) {
    this.#server = server;
  }

  get isOver(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Aborts when the patience is over. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** The calls under way are given up, and later ones are not made. */
  end(): void {
    this.#ended.abort();
  }

  /** Whether the server took it; false: it refused, or the patience is over. */
  async make(what: string, call: (options: CallOptions) => Promise<unknown>): Promise<boolean> {
    if (this.isOver) return false;
    const watch = setTimeout(() => this.#tellAway(what), AWAY_AFTER_MS);
    watch.unref();
    try {
      await call({ retry: PATIENT, background: true, signal: this.#ended.signal });
      this.#isAwayTold = false;
      return true;
    } catch (error) {
      if (!this.isOver) this.#tellRefusal(what, error);
      return false;
    } finally {
      clearTimeout(watch);
    }
  }

  #tellAway(what: string): void {
    if (this.#isAwayTold) return;
    this.#isAwayTold = true;
    tell(`the server ${this.#server} does not answer (${what}); what the program records waits for it`);
  }

  /** A program that records the same wrong thing a thousand times is told once. */
  #tellRefusal(what: string, error: unknown): void {
    if (this.#refusalsTold++ === 0) tell(`the server refused ${what} (${messageOf(error)}); the program goes on`);
  }
}
