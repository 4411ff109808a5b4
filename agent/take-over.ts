import { rm } from "node:fs/promises";
import { join } from "node:path";
import { jittered, MINUTE_MS } from "../base/clock.ts";
import { isAlive } from "../base/process-identity.ts";
import type { ClaimDeps } from "./claim.ts";
import type { Config } from "./config.ts";
import type { LeftAlone } from "./control.ts";
import type { ClaimRecord } from "./journal.ts";
import { rebuiltRecord, resumeOf } from "./leftovers.ts";
import { removeOldRuns } from "./old-runs.ts";
import { readTask } from "./read-task.ts";
import type { Runs } from "./runs.ts";

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
  readonly #leftAlone: LeftAlone[] = [];

  constructor(parts: TakeOverParts) {
    this.#parts = parts;
  }

  /** Runs of other servers. */
  get leftAlone(): readonly LeftAlone[] {
    return this.#leftAlone;
  }

  /** All that an earlier agent left, before anything new is begun. */
  async atStart(): Promise<void> {
    const { config, deps } = this.#parts;
    await deps.journal.removeTorn();
    for (const record of await deps.journal.records(deps.logger)) if (!(await isHeld(record))) this.#take(record);
    for (const claim of await deps.journal.unreadable()) this.#inBackground(this.#takeRebuilt(claim));
    await removeOldRuns(config.stateFolder, config.keepRunsMs, await deps.journal.claims());
    await rm(join(config.stateFolder, "tmp"), { recursive: true, force: true });
  }

  /** Later, about once a minute: runs of a `windlass execute` beside this agent that was killed. */
  async run(signal: AbortSignal): Promise<void> {
    const { deps } = this.#parts;
    while (!signal.aborted) {
      await deps.clock.sleep(jittered(LOOK_EVERY_MS), signal);
      await this.#takeOrphans().catch((error: unknown) => deps.logger.warn({ err: error }, "the journal cannot be looked through"));
    }
  }

  /** Read again once its owner is known to be dead: it may have ended its run and forgotten the record in between. */
  async #takeOrphans(): Promise<void> {
    const { journal } = this.#parts.deps;
    for (const claim of await journal.claims()) {
      const owner = (await journal.record(claim))?.owner;
      if (owner === undefined || this.#parts.runs.claims.has(claim) || (await isAlive(owner))) continue;
      const record = await journal.record(claim);
      if (record !== undefined) this.#take(record);
    }
  }

  /** A record that a crash of the machine or of the disk destroyed. */
  async #takeRebuilt(claim: string): Promise<void> {
    const { config, deps, leave } = this.#parts;
    const record = await rebuiltRecord(claim, config, deps, leave);
    if (record === undefined) deps.logger.error({ claim }, "nothing is left that says whose record that was; it is left alone");
    else if (!(await isHeld(record))) this.#take(record);
  }

  #take(record: ClaimRecord): void {
    const { runs, deps } = this.#parts;
    const resume = resumeOf(record);
    if (record.server !== undefined && record.server !== deps.client.session.apiServer) this.#inBackground(this.#takeIfKnown(record));
    else if (resume === undefined) runs.settleAside(record);
    else runs.adopt(record, resume);
  }

  /** The address changed: either the server has another name now, or it is another server, which is not to be asked about this task. */
  async #takeIfKnown(record: ClaimRecord): Promise<void> {
    const { deps, leave } = this.#parts;
    const { server, ...here } = record;
    if ((await readTask(record.task, deps, leave)) !== undefined) return this.#take(here);
    this.#leftAlone.push({ task: record.task, server: server ?? "" });
    deps.logger.warn(
      { task: record.task, server },
      "a run of another server is left alone; it is gone on with when an agent of this state folder works for that server again",
    );
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.#parts.deps.logger.debug({ err: error }, "left to the next agent"));
  }
}

/** By a `windlass execute` that still runs. */
const isHeld = async ({ owner }: ClaimRecord): Promise<boolean> => owner !== undefined && (await isAlive(owner));
