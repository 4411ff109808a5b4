import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Task } from "../api/wire/task.ts";
import { Cancelled } from "../base/cancelled.ts";
import { systemClock } from "../base/clock.ts";
import { crashPoint } from "../base/crash-point.ts";
import { retry } from "../base/retry.ts";
import type { Outcome, Phase } from "../runner/outcome.ts";
import type { RunFacts, RunObserver } from "../runner/run-request.ts";
import type { ClaimRecord } from "./journal.ts";
import { isStillOurs, type ReportOptions, reportOutcome } from "./outcome-report.ts";
import { readTask } from "./read-task.ts";
import { requestPath } from "./request-file.ts";
import { type Requeue, requeue, requeueOf } from "./requeue.ts";
import { SCHEDULES } from "./schedules.ts";
import { createEventSink } from "./server-event-sink.ts";
import type { TaskRun, TaskRunDeps } from "./task-run.ts";

/** Writes down each step of a run before the next one depends on it, and reports its end. */
export class JournalledRun implements RunObserver {
  readonly sink: RunObserver["sink"];
  readonly #run: TaskRun;
  readonly #deps: TaskRunDeps;
  readonly #notOurs = new AbortController();
  #ours: Promise<boolean> | undefined;
  #record: ClaimRecord;

  constructor(run: TaskRun, deps: TaskRunDeps) {
    this.#run = run;
    this.#deps = deps;
    this.#record = run.record;
    const sink = createEventSink(deps.client, run.task.id);
    this.sink = run.resume === undefined ? sink : { ...sink, addLines: (...args) => this.#onceOurs(() => sink.addLines(...args)) };
  }

  /** Aborts when the server says that a run of an earlier agent process is not ours any more. */
  get notOurs(): AbortSignal {
    return this.#notOurs.signal;
  }

  /** Nothing of a run that was taken over reaches the server before the server has said that the task is still ours. */
  async #onceOurs<T>(send: () => Promise<T>): Promise<T> {
    this.#ours ??= this.mayBeginAgain(this.#run.leave);
    if (await this.#ours) {
      this.#run.onOurs?.();
      return await send();
    }
    const gone = new Cancelled("task-gone", "the task was given to somebody else while no agent was here");
    this.#notOurs.abort(gone);
    throw gone;
  }

  phase(phase: Phase): void {
    this.#run.onPhase?.(phase);
  }

  async mayBeginAgain(signal: AbortSignal): Promise<boolean> {
    const task = await readTask(this.#run.task.id, { ...this.#deps, clock: systemClock }, signal);
    return task !== undefined && isStillOurs(task, this.#record);
  }

  async launched(launched: NonNullable<ClaimRecord["launched"]>): Promise<void> {
    await this.#keep({ stage: "launched", launched });
  }

  /** Without waiting for a disk that takes nothing: a program that is to be stopped is stopped. */
  async stopping(stopping: NonNullable<ClaimRecord["stopping"]>): Promise<void> {
    this.#record = { ...this.#record, stopping: this.#run.leave.aborted ? { ...stopping, left: true } : stopping };
    await this.#deps.journal.write(this.#record);
  }

  next(outcome: Outcome): string | undefined {
    const again = this.#requeue(outcome);
    return again === undefined ? undefined : `the task is queued again (try ${again.tries} of ${again.limit} is over)`;
  }

  async decided(decided: NonNullable<ClaimRecord["decided"]>): Promise<void> {
    await this.#keep({ stage: "ended", decided });
  }

  over(outcome: Outcome): void {
    this.#run.onOver?.(outcome);
  }

  async ended(outcome: Outcome): Promise<void> {
    const options: ReportOptions = { doubtful: this.#run.resume !== undefined, signal: this.#run.leave };
    const deps = this.#deps;
    const again = this.#record.decided?.next === undefined ? undefined : this.#requeue(outcome);
    if (again === undefined) await reportOutcome(this.#record, outcome, deps, options);
    else await requeue(this.#record, outcome, again, deps, options);
    crashPoint("run/reported");
    await rm(requestPath(join(deps.config.stateFolder, "runs", this.#record.claim)), { force: true });
    await deps.journal.forget(this.#record.claim);
  }

  async record(facts: RunFacts, signal: AbortSignal): Promise<void> {
    await writeBack(this.#run.task, facts, this.#deps, signal);
  }

  #requeue(outcome: Outcome): Requeue | undefined {
    return requeueOf(outcome, this.#run.task, this.#record, this.#deps.config);
  }

  async #keep(change: Partial<ClaimRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await retry(() => this.#deps.journal.write(this.#record), {
      schedule: SCHEDULES.journal,
      signal: this.#run.leave,
      retryable: () => true,
      onRetry: (error) => this.#deps.logger.warn({ err: error, task: this.#record.task }, "the journal cannot be written; trying again"),
    });
  }
}

/** What really ran, beside what was asked for: the commit, the environment, the packages. */
async function writeBack(task: Task, facts: RunFacts, deps: TaskRunDeps, signal: AbortSignal): Promise<void> {
  const { tasks, session } = deps.client;
  if (facts.commit !== undefined && facts.commit !== task.script.version_num)
    await tasks.edit(task.id, { script: { version_num: facts.commit } }, { retry: SCHEDULES.commit, signal });
  const image = facts.image === undefined ? {} : { windlass_image: facts.image };
  await tasks.editRuntime(task.id, { windlass_environment: facts.environmentKey ?? "", ...image }, { signal });
  if (facts.installed === undefined) return;
  const configuration = [{ name: "windlass.installed", value: facts.installed.join("\n"), type: "requirements" }];
  await session.call("tasks.edit_configuration", { task: task.id, configuration, force: true }, { signal });
}
