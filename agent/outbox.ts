import { Cancelled } from "../base/cancelled.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Client } from "./client.ts";
import type { Runs } from "./runs.ts";

/** An agent that goes away waits for a silent server no longer than this; reports stay on disk for the next one. */
const SILENT_MS = 15_000;
const LOOK_EVERY_MS = 500;

export interface OutboxParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The end of an agent: everything that its runs still have to tell the server, as long as the server listens. */
export class Outbox {
  readonly #runs: Runs;
  readonly #parts: OutboxParts;
  readonly #leave: AbortController;

  constructor(runs: Runs, parts: OutboxParts, leave: AbortController) {
    this.#runs = runs;
    this.#parts = parts;
    this.#leave = leave;
  }

  /** Returns when all is reported, or left; `hurried`: somebody asked to end at once. */
  async empty(hurried: AbortSignal): Promise<void> {
    let reported = false;
    const all = this.#runs.allReported().then(() => {
      reported = true;
    });
    while (!reported && !this.#leave.signal.aborted) {
      await Promise.race([all, this.#parts.clock.sleep(LOOK_EVERY_MS)]);
      if (!reported && this.#isSilent(hurried.aborted ? SILENT_MS / 3 : SILENT_MS)) this.#leaveRest();
    }
    // Left: a program that still runs would keep this process until its end.
    if (!this.#leave.signal.aborted) await all;
  }

  #isSilent(withinMs: number): boolean {
    const { client, clock } = this.#parts;
    return clock.now() - (client.session.lastContactAt ?? 0) > withinMs;
  }

  #leaveRest(): void {
    const waiting = this.#runs.outbox.length;
    this.#parts.logger.warn(
      { waiting },
      "the server does not answer: what is left to report is left to the next agent of this state folder",
    );
    this.#leave.abort(new Cancelled("agent-stopping"));
  }
}
