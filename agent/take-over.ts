import { rm } from "node:fs/promises";
import { join } from "node:path";
import { jittered, MINUTE_MS } from "../base/clock.ts";
import { isAlive, isVisible } from "../base/process-identity.ts";
import type { ClaimDeps } from "./claim.ts";
import type { Config } from "./config.ts";
import type { LeftAlone } from "./control.ts";
import type { ClaimRecord } from "./journal.ts";
import { rebuiltRecord, resumeOf } from "./leftovers.ts";
import { removeOldRuns } from "./old-runs.ts";
import { readTask } from "./read-task.ts";
import type { Runs } from "./runs.ts";

/** How long new work waits for the slots of runs about which the server is asked; a question that stays open must not stop an agent. */
const SLOTS_FIRST_MS = 10_000;
const LOOK_EVERY_MS = Number(process.env["WINDLASS_LOOK_MS"] ?? MINUTE_MS);

export interface TakeOverParts {
  readonly config: Config;
  readonly runs: Runs;
  readonly deps: ClaimDeps;
  /** Aborted: what is open is left to the next agent. */
  readonly leave: AbortSignal;
}

/** What other processes of this state folder left behind: doubts are settled, runs are gone on with. */
export class TakeOver {
  readonly #parts: TakeOverParts;
  readonly #leftAlone = new Map<string, LeftAlone>();
  /** Claims about which the server is being asked. */
  readonly #asked = new Set<string>();

  constructor(parts: TakeOverParts) {
    this.#parts = parts;
  }

  /** Runs of other servers. */
  get leftAlone(): readonly LeftAlone[] {
    return [...this.#leftAlone.values()];
  }

  /** All that an earlier agent left, before anything new is begun: as far as it is known in time, it has its slots first. */
  async atStart(signal: AbortSignal): Promise<void> {
    const { config, deps } = this.#parts;
    await deps.journal.removeTorn();
    const asked: Promise<void>[] = [];
    for (const record of await deps.journal.records(deps.logger)) if (!(await isHeld(record))) asked.push(this.#take(record, signal));
    for (const claim of await deps.journal.unreadable()) asked.push(this.#takeRebuilt(claim, signal));
    await Promise.race([Promise.all(asked), deps.clock.sleep(SLOTS_FIRST_MS, signal)]);
    await removeOldRuns(config.stateFolder, config.keepRunsMs, await deps.journal.claims());
    await rm(join(config.stateFolder, "tmp"), { recursive: true, force: true });
  }

  /** Later, about once a minute: runs of a `windlass execute` beside this agent that was killed. */
  async run(signal: AbortSignal): Promise<void> {
    const { deps } = this.#parts;
    while (!signal.aborted) {
      await deps.clock.sleep(jittered(LOOK_EVERY_MS), signal);
      await this.#takeOrphans(signal).catch((error: unknown) => deps.logger.warn({ err: error }, "the journal cannot be looked through"));
    }
  }

  /** Read again once its owner is known to be dead: it may have ended its run and forgotten the record in between. */
  async #takeOrphans(signal: AbortSignal): Promise<void> {
    const { journal } = this.#parts.deps;
    for (const claim of await journal.claims()) {
      if (this.#isKnown(claim)) continue;
      const first = await journal.record(claim);
      if (first?.owner === undefined || (await isHeld(first))) continue;
      const record = await journal.record(claim);
      if (record !== undefined) void this.#take(record, signal);
    }
  }

  #isKnown(claim: string): boolean {
    return this.#parts.runs.claims.has(claim) || this.#asked.has(claim) || this.#leftAlone.has(claim);
  }

  /** A record that a crash of the machine or of the disk destroyed. */
  async #takeRebuilt(claim: string, signal: AbortSignal): Promise<void> {
    const { config, deps, leave } = this.#parts;
    const record = await this.#asking(claim, () => rebuiltRecord(claim, config, deps, AbortSignal.any([leave, signal])));
    if (record === undefined) deps.logger.error({ claim }, "nothing is left that says whose record that was; it is left alone");
    else if (!(await isHeld(record))) await this.#take(record, signal);
  }

  async #take(record: ClaimRecord, signal: AbortSignal): Promise<void> {
    const here = this.#parts.deps.client.session.apiServer;
    if (record.server === undefined || record.server === here || (await this.#isKnownHere(record, signal)))
      this.#goOn({ ...record, server: here });
  }

  #goOn(record: ClaimRecord): void {
    const resume = resumeOf(record);
    if (resume === undefined) this.#parts.runs.settleAside(record);
    else this.#parts.runs.adopt(record, resume);
  }

  /** The address changed: either the server has another name now, or it is another server, which is not to be asked about this task. */
  async #isKnownHere({ claim, task, server = "" }: ClaimRecord, signal: AbortSignal): Promise<boolean> {
    const { deps, leave } = this.#parts;
    const found = await this.#asking(claim, () => readTask(task, deps, AbortSignal.any([leave, signal]))).catch((error: unknown) => {
      deps.logger.debug({ err: error, task }, "left to the next agent");
      return null;
    });
    if (found === undefined) {
      this.#leftAlone.set(claim, { task, server });
      deps.logger.warn(
        { task, server },
        "a run of another server is left alone; it is gone on with when an agent of this state folder works for that server again",
      );
    }
    return found !== undefined && found !== null;
  }

  async #asking<T>(claim: string, ask: () => Promise<T>): Promise<T> {
    this.#asked.add(claim);
    return await ask().finally(() => this.#asked.delete(claim));
  }
}

/** By a `windlass execute` that still runs, or that cannot be looked at from here. */
async function isHeld({ owner }: ClaimRecord): Promise<boolean> {
  if (owner === undefined) return false;
  return (await isVisible(owner)) ? await isAlive(owner) : true;
}
