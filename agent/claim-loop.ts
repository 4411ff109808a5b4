import type { QueueId } from "../api/wire/ids.ts";
import type { Queue } from "../api/wire/queue.ts";
import { type Clock, epochMs, jittered } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { type ClaimDeps, claim } from "./claim.ts";
import type { Config } from "./config.ts";
import type { AgentCounters } from "./control.ts";
import { Outage } from "./outage.ts";
import type { QueueList } from "./queue-list.ts";
import { inQueueOrder } from "./queue-order.ts";
import type { ActiveRun, Runs } from "./runs.ts";
import { SCHEDULES } from "./schedules.ts";
import type { Slots } from "./slots.ts";

export interface ClaimLoopParts {
  readonly config: () => Config;
  readonly deps: ClaimDeps;
  readonly queues: QueueList;
  readonly slots: Slots<ActiveRun>;
  readonly runs: Runs;
  readonly counters: AgentCounters;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Why nothing may be claimed now, as a sentence: the disk, a pause, failures of the infrastructure. */
  readonly refusal: () => Promise<string | undefined>;
  /** This task failed here a moment ago. */
  readonly isTooEarly: (task: string) => boolean;
  /** Aborts when a refusal may be over, or a peek has to begin anew. */
  readonly changed: () => AbortSignal;
}

/** How long a peek may wait on a server that can. */
const WAIT_MS = 55_000;
/** Between two looks while the server does not answer; each pause is twice the one before. */
const AFTER_ERROR_MS = 2_000;
const LONGEST_AFTER_ERROR_MS = 10_000;
const REFUSED_MS = 1_000;
/** Others were faster with what there was: there may be more. */
const SOON_MS = 100;
/** More entries than free slots are looked at, since others may be faster with the first ones. */
const SPARE_ENTRIES = 8;

/** Waits for work and gives it to free slots, as long as nothing speaks against it. */
export class ClaimLoop {
  readonly #parts: ClaimLoopParts;
  #lastQueue: QueueId | undefined;
  #movedMs: number;
  #refused: string | undefined;
  readonly #outage: Outage;

  constructor(parts: ClaimLoopParts) {
    this.#parts = parts;
    this.#movedMs = parts.clock.monotonic();
    this.#outage = new Outage("look for work", parts.logger);
  }

  /** When the loop last came round, ms. */
  get movedAt(): number {
    return epochMs(this.#movedMs, this.#parts.clock);
  }

  get refused(): string | undefined {
    return this.#refused;
  }

  /** Until the signal ends it. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, slots } = this.#parts;
    while (!signal.aborted) {
      this.#movedMs = clock.monotonic();
      const either = AbortSignal.any([signal, this.#parts.changed()]);
      try {
        if (await this.#isRefused()) await clock.sleep(REFUSED_MS, either);
        else if (slots.free.length > 0) await this.#peekAndClaim(either);
        else await Promise.race([slots.changed, clock.sleep(WAIT_MS, either)]);
      } catch (error) {
        if (!either.aborted) await this.#waitAfter(error, either);
      }
    }
  }

  async #waitAfter(error: unknown, signal: AbortSignal): Promise<void> {
    const pauseMs = Math.min(AFTER_ERROR_MS * 2 ** this.#outage.failures, LONGEST_AFTER_ERROR_MS);
    this.#outage.failed(error);
    await this.#parts.clock.sleep(jittered(pauseMs), signal).catch(() => undefined);
  }

  /** Told once, when the reason changes. */
  async #isRefused(): Promise<boolean> {
    const reason = await this.#parts.refusal();
    if (reason !== this.#refused) {
      if (reason === undefined) this.#parts.logger.info("looking for work again");
      else this.#parts.logger.warn(`no new tasks: ${reason}`);
    }
    this.#refused = reason;
    return reason !== undefined;
  }

  async #peekAndClaim(signal: AbortSignal): Promise<void> {
    const { deps, clock, queues, slots, config } = this.#parts;
    const ids = await queues.known(signal);
    const wanted = slots.free.length + SPARE_ENTRIES;
    const reply = await deps.client.queues.peek(ids, wanted, WAIT_MS, { signal, retry: SCHEDULES.peek });
    queues.seen(ids, reply.queues);
    const taken = await this.#takeFrom(reply.queues, signal);
    this.#outage.succeeded();
    if (taken > 0 || signal.aborted) return;
    const hadEntries = reply.queues.some((queue) => queue.entries.length > 0);
    const isTakeable = reply.queues.some((queue) => queue.entries.some((entry) => !this.#parts.isTooEarly(entry.task)));
    if (!reply.waited || hadEntries) await clock.sleep(jittered(isTakeable ? SOON_MS : config().pollIntervalMs), signal);
  }

  /** Claims in queue order as long as there is room; how many were taken. */
  async #takeFrom(found: readonly Queue[], signal: AbortSignal): Promise<number> {
    const { queues, config } = this.#parts;
    const after = config().orderFairness ? this.#lastQueue : undefined;
    let taken = 0;
    for (const candidate of inQueueOrder(found, queues.order, after)) {
      if (signal.aborted || this.#parts.slots.free.length === 0 || (await this.#isRefused())) break;
      if (await this.#take(candidate)) taken++;
    }
    return taken;
  }

  async #take({ queue, entry }: ReturnType<typeof inQueueOrder>[number]): Promise<boolean> {
    const { slots, runs, deps, counters } = this.#parts;
    const [slot] = slots.free;
    this.#movedMs = this.#parts.clock.monotonic();
    if (slot === undefined || runs.has(entry.task) || this.#parts.isTooEarly(entry.task)) return false;
    const result = await claim(queue, entry, slot.worker, deps);
    if (result === "lost") counters.claimsLost++;
    else if ("doubt" in result) runs.settleAside(result.doubt);
    else {
      counters.claims++;
      this.#lastQueue = queue.id;
      runs.begin(slot, result.claimed);
      return true;
    }
    return false;
  }
}
