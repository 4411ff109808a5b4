import { Cancelled, type CancelReason, cancelReasonOf } from "../base/cancelled.ts";
import { ageMs, type Clock } from "../base/clock.ts";
import { crashPoint } from "../base/crash-point.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Outcome, OutcomeCause, Phase } from "../runner/outcome.ts";
import type { Resume } from "../runner/run-request.ts";
import { type ClaimDeps, type Claimed, start } from "./claim.ts";
import type { AgentCounters, OutboxSnapshot, RunSnapshot } from "./control.ts";
import { engineNow } from "./engines.ts";
import { failInvalid } from "./invalid-task.ts";
import type { ClaimRecord } from "./journal.ts";
import { namelessTask, resumeOf, taskOf } from "./leftovers.ts";
import type { RunWatch } from "./run-watch.ts";
import { giveBack, settle } from "./settle.ts";
import type { Slot, Slots } from "./slots.ts";
import { carryOut, type TaskRun, type TaskRunDeps } from "./task-run.ts";

/** One run of this agent, from its claim to the last report. */
export interface ActiveRun {
  readonly record: ClaimRecord;
  name: string;
  phase: Phase;
  /** When the phase began, or the outcome was settled; ms. */
  since: number;
  readonly adopted: boolean;
  /** Whether the server may be told that this agent runs it; not before it has said so itself, where the run was taken over. */
  isOurs: boolean;
  /** Why it is being stopped. */
  stopping?: CancelReason;
  /** Its program is over; only the report is left. */
  outcome?: Outcome;
}

export interface RunsParts {
  readonly deps: () => TaskRunDeps;
  readonly claimDeps: ClaimDeps;
  readonly slots: Slots<ActiveRun>;
  readonly watch: RunWatch;
  readonly counters: AgentCounters;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborted: running tasks are stopped. */
  readonly abort: AbortSignal;
  /** Aborted: reports are left to the next agent. */
  readonly leave: AbortSignal;
  /** A worker's slot was taken or freed. */
  readonly onSlot: (slot: Slot<ActiveRun>) => void;
  /** A run of this task is over. */
  readonly onOutcome: (task: string, outcome: Outcome) => void;
}

/** All runs that this agent has taken on: in slots, and, after their end, waiting to be reported. */
export class Runs {
  readonly #parts: RunsParts;
  readonly #runs = new Map<ActiveRun, Promise<void>>();

  constructor(parts: RunsParts) {
    this.#parts = parts;
  }

  has(task: string): boolean {
    return [...this.#runs.keys()].some((run) => run.record.task === task);
  }

  get claims(): Set<string> {
    return new Set([...this.#runs.keys()].map((run) => run.record.claim));
  }

  get outbox(): OutboxSnapshot[] {
    return [...this.#runs.keys()].flatMap(({ record, outcome, since }) =>
      outcome === undefined ? [] : [{ task: record.task, cause: outcome.cause, since }],
    );
  }

  /** Writes down of what is being stopped that the agent leaves on purpose, since that lets a program live that does not obey. */
  async noteLeft(): Promise<void> {
    const { journal } = this.#parts.claimDeps;
    for (const run of this.#runs.keys()) {
      const record = run.stopping === undefined ? undefined : await journal.record(run.record.claim);
      if (record?.stage === "launched" && record.stopping !== undefined)
        await journal.write({ ...record, stopping: { ...record.stopping, left: true } });
    }
  }

  /** Settles when no run is left, its report included. */
  async allReported(): Promise<void> {
    while (this.#runs.size > 0) await Promise.all(this.#runs.values());
  }

  /** A task that was claimed gets a slot at once. */
  begin(slot: Slot<ActiveRun>, claimed: Claimed): void {
    const run: ActiveRun = {
      record: claimed.record,
      name: "",
      phase: "claim",
      since: this.#parts.clock.now(),
      adopted: false,
      isOurs: true,
    };
    this.#parts.slots.occupy(slot, run);
    this.#keep(run, slot, () => this.#startAndCarryOut(run, slot, claimed));
  }

  /** A run that an earlier agent process of this state folder left behind. */
  adopt(record: ClaimRecord, resume: Resume): void {
    const run: ActiveRun = {
      record,
      name: "",
      phase: "run",
      since: record.launched?.atMs ?? this.#parts.clock.now(),
      adopted: true,
      isOurs: false,
    };
    const slot = this.#parts.slots.occupyAgain(record.worker, "all", run);
    this.#parts.counters.adopted++;
    this.#keep(run, slot, () => this.#resume(run, slot, resume));
  }

  #keep(run: ActiveRun, slot: Slot<ActiveRun>, work: () => Promise<void>): void {
    const { logger } = this.#parts;
    const ended = work()
      .catch((error: unknown) => {
        if (this.#parts.leave.aborted) return;
        logger.error(
          { err: error, task: run.record.task },
          "a run broke off by our own fault; the next start of the agent goes on with it",
        );
        this.#parts.onOutcome(run.record.task, brokenOff("failed/engine", messageOf(error)));
      })
      .finally(() => {
        this.#runs.delete(run);
        this.#free(run, slot);
      });
    this.#runs.set(run, ended);
  }

  async #startAndCarryOut(run: ActiveRun, slot: Slot<ActiveRun>, claimed: Claimed): Promise<void> {
    const { claimDeps, clock, leave, counters } = this.#parts;
    const result = await start(claimed, claimDeps);
    if (result === "gone") return await claimDeps.journal.forget(claimed.record.claim);
    if (result === "doubt") return await this.#settle(run, slot);
    if (result === "strange") return await this.#giveBack(claimed.record);
    if ("invalid" in result) return await failInvalid(claimed.record, result.invalid, claimDeps, leave);
    const record: ClaimRecord = { ...claimed.record, stage: "started", ...engineNow(this.#parts.deps().config) };
    await claimDeps.journal.write(record);
    crashPoint("claim/started-written");
    run.name = result.task.name;
    const waitedMs = claimed.addedAtMs === undefined ? undefined : ageMs(claimed.addedAtMs, clock);
    if (waitedMs !== undefined) counters.waitedSec = added(counters.waitedSec, waitedMs / 1000);
    await this.#carryOut(run, slot, { record, task: result.task, gpus: slot.gpus, waitedMs });
  }

  async #resume(run: ActiveRun, slot: Slot<ActiveRun>, resume: Resume): Promise<void> {
    const { claimDeps, leave, logger } = this.#parts;
    const { record } = run;
    logger.warn({ task: record.task, stage: record.stage, worker: record.worker }, "going on with a run of an earlier agent");
    const known = await taskOf(record, this.#parts.deps().config.stateFolder, claimDeps, leave);
    if (known === undefined) logger.warn({ task: record.task }, "the server knows the task of an earlier run no more; the run is ended");
    const task = known ?? (await namelessTask(record));
    const gone =
      known === undefined ? AbortSignal.abort(new Cancelled("task-gone", "the server does not know the task any more")) : undefined;
    run.name = task.name;
    const counted = await this.#countBegin(record, resume);
    await this.#carryOut(
      run,
      slot,
      { record: counted, task, gpus: slot.gpus, waitedMs: undefined, resume: resumeOf(counted) ?? resume },
      gone,
    );
  }

  /** A task that takes the agent down with it every time it is prepared must not do so for ever. */
  async #countBegin(record: ClaimRecord, resume: Resume): Promise<ClaimRecord> {
    if (resume.stage !== "started") return record;
    const counted = { ...record, begun: (record.begun ?? 0) + 1 };
    await this.#parts.claimDeps.journal.write(counted);
    return counted;
  }

  async #carryOut(
    run: ActiveRun,
    slot: Slot<ActiveRun>,
    facts: Pick<TaskRun, "record" | "task" | "gpus" | "waitedMs" | "resume">,
    gone?: AbortSignal,
  ): Promise<void> {
    const { watch, abort, leave, deps, counters, onSlot } = this.#parts;
    const { task, queueName } = facts.record;
    const logger = deps().logger.child({ task, worker: slot.worker, queue: queueName });
    const watched = watch.add(facts.record);
    onSlot(slot);
    logger.info({ name: run.name }, run.adopted ? "task taken over" : "task started");
    const onOurs = (): void => {
      if (run.isOurs) return;
      run.isOurs = true;
      onSlot(slot);
    };
    const onPhase = (phase: Phase): void => this.#move(run, phase);
    const onOver = (outcome: Outcome): void => {
      count(counters, outcome);
      run.outcome = outcome;
      onPhase("report");
      watch.remove(facts.record);
      this.#free(run, slot);
      this.#parts.onOutcome(facts.record.task, outcome);
    };
    const signal = AbortSignal.any([watched.signal, abort, ...(gone === undefined ? [] : [gone])]);
    signal.addEventListener("abort", () => (run.stopping = cancelReasonOf(signal).reason), { once: true });
    try {
      const outcome = await carryOut(
        { ...facts, signal, leave, onOurs, onPhase, onOver, isStopping: watched.isStopping },
        { ...deps(), logger },
      );
      logger.info({ cause: outcome.cause, why: outcome.message, phase: outcome.phase, ...outcome.timings }, "task ended");
    } finally {
      if (run.outcome !== undefined) onPhase("report");
      watch.remove(facts.record);
    }
  }

  /** The slot is not kept waiting for a doubt. */
  async #settle(run: ActiveRun, slot: Slot<ActiveRun>): Promise<void> {
    this.#free(run, slot);
    await this.settle(run.record);
  }

  /** Others may take it; this agent leaves it alone for a while. */
  async #giveBack(record: ClaimRecord): Promise<void> {
    const { claimDeps, counters, leave, logger, onOutcome } = this.#parts;
    const why = "its status is none that this agent knows";
    logger.warn({ task: record.task }, `a task goes back to its queue: ${why}`);
    onOutcome(record.task, brokenOff("failed/agent", why));
    await giveBack(record, claimDeps, leave);
    counters.handedBack++;
  }

  /** In the background of everything else. */
  async settle(record: ClaimRecord): Promise<void> {
    const { claimDeps, counters, leave, logger } = this.#parts;
    counters.claimsInDoubt++;
    logger.warn({ task: record.task }, "the answer to a claim was lost; the task is settled in half a minute");
    if (await settle(record, claimDeps, leave)) counters.handedBack++;
  }

  /** The same without waiting for it; what breaks it off is left to the next agent, with its record. */
  settleAside(record: ClaimRecord): void {
    this.settle(record).catch((error: unknown) => this.#parts.logger.debug({ err: error, task: record.task }, "left in doubt"));
  }

  /** A run that was taken over is in its phase already, for as long as its program runs. */
  #move(run: ActiveRun, phase: Phase): void {
    if (run.adopted && phase === "run" && run.phase === "run") return;
    const { counters, clock } = this.#parts;
    counters.phaseSec[run.phase] = added(counters.phaseSec[run.phase], ageMs(run.since, clock) / 1000);
    run.phase = phase;
    run.since = clock.now();
  }

  #free(run: ActiveRun, slot: Slot<ActiveRun>): void {
    if (slot.run !== run) return;
    this.#parts.slots.release(slot);
    this.#parts.onSlot(slot);
  }
}

/** An agent that cannot even begin must not draw task after task. */
const brokenOff = (cause: OutcomeCause, message: string): Outcome => ({ cause, phase: "claim", message, retryable: true, timings: {} });

export function snapshotOf({ record, name, phase, since, stopping, adopted }: ActiveRun): RunSnapshot {
  return { claim: record.claim, task: record.task, name, queue: record.queueName, phase, since, stopping, adopted };
}

const added = (to: { sum: number; count: number } | undefined, value: number): { sum: number; count: number } => ({
  sum: (to?.sum ?? 0) + value,
  count: (to?.count ?? 0) + 1,
});

function count(counters: AgentCounters, outcome: Outcome): void {
  counters.outcomes[outcome.cause] = (counters.outcomes[outcome.cause] ?? 0) + 1;
  const hit = outcome.timings.environmentHit;
  if (hit === true) counters.environmentHits++;
  if (hit === false) counters.environmentsBuilt++;
}
