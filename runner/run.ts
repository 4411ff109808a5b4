import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Cancelled, cancelReasonOf } from "../base/cancelled.ts";
import { crashPoint } from "../base/crash-point.ts";
import { withReserve } from "../base/disk-reserve.ts";
import { messageOf } from "../base/errors.ts";
import { hostIdentity } from "../base/process-identity.ts";
import { createRedactor } from "../monitor/console/redactor.ts";
import { RunConsole } from "../monitor/console/run-console.ts";
import { type Shipper, startShipper } from "../monitor/console/shipper.ts";
import { judgeDisk } from "./disk-full.ts";
import type { Environment, Exit, RunContext, Running } from "./engine.ts";
import { foundProgram } from "./found-program.ts";
import { writeLastLines } from "./last-lines.ts";
import { composeLaunch } from "./launch/compose-launch.ts";
import { lostOutcome } from "./lost.ts";
import type { Outcome, Phase } from "./outcome.ts";
import { watchProgram } from "./program-watch.ts";
import { removeRun } from "./run-cleanup.ts";
import { outcomeOfError, outcomeOfExit, type Progress } from "./run-end.ts";
import type { Decided, Held, Launched, Resume, RunDeps, RunRequest } from "./run-request.ts";
import { prepareSource } from "./source/prepare-source.ts";
import type { Source } from "./source/source.ts";
import { timeLimitMs } from "./time-limit.ts";
import { refuseUnfitTask } from "./words-of-task.ts";

export interface RunOptions {
  /** Aborted on user abort or agent stop, with a `Cancelled` reason. */
  readonly signal: AbortSignal;
  /** Where an earlier agent process stopped with this run. */
  readonly resume?: Resume | undefined;
  /** A person asked for a stop, maybe one that is not carried out yet (the program's own abort callback comes first). */
  readonly isStopping?: (() => boolean) | undefined;
  /** Aborted: the report is left to the next agent of the state folder; `runTask` then rejects with the reason. */
  readonly leave?: AbortSignal | undefined;
}

/**
 * The story of one task: source, environment, launch, watch, outcome. It never throws for a failure of the task; the
 * outcome is told to the observer once, after the console is complete on the server. With `resume` it goes on where an
 * earlier agent process stopped.
 */
export async function runTask(request: RunRequest, deps: RunDeps, options: RunOptions): Promise<Outcome> {
  await mkdir(request.folder, { recursive: true, mode: 0o700 });
  const run = new Run(request, deps, options);
  const decided = options.resume?.stage === "ended" ? options.resume.decided : await run.carryOut();
  await run.end(decided);
  return decided.outcome;
}

/** What a stop may take beyond its grace. */
const STOP_MS = 2_000;

type Timed = "sourceMs" | "environmentMs" | "launchMs";

class Run {
  readonly #request: RunRequest;
  readonly #deps: RunDeps;
  readonly #context: RunContext;
  readonly #options: RunOptions;
  readonly #limit = new AbortController();
  readonly #progress: Progress;
  readonly #shipper: Promise<Shipper>;
  #phaseStart = 0;
  #launched: Launched | undefined;
  /** The same moment, monotonic; undefined: it was written down by an earlier agent. */
  #launchedMs: number | undefined;
  #running: Running | undefined;
  #held: Held | undefined;

  constructor(request: RunRequest, deps: RunDeps, options: RunOptions) {
    this.#request = request;
    this.#deps = deps;
    this.#options = options;
    const signal = AbortSignal.any([options.signal, this.#limit.signal]);
    this.#context = { ...request, settings: deps.settings, console: new RunConsole(request.folder), signal };
    this.#progress = { phase: "claim", launched: false, timings: request.waitedMs === undefined ? {} : { waitedMs: request.waitedMs } };
    this.#launched = options.resume?.stage === "started" ? undefined : options.resume?.launched;
    this.#shipper = this.#startShipper();
    this.#shipper.catch(() => undefined);
  }

  /** Up to the moment when the program has ended, or will never start; the answer is on disk. */
  async carryOut(): Promise<Decided> {
    const outcome = await judgeDisk(await this.#outcome(), this.#context, this.#deps.engine);
    const decided = { outcome, next: this.#deps.observer.next(outcome), consoleBytes: await this.#context.console.size() };
    await this.#deps.observer.decided(decided);
    crashPoint("run/decided-written");
    return decided;
  }

  /** Last lines, clean-up, complete console, report: none of it under the run's aborted signal. */
  async end(decided: Decided): Promise<void> {
    const { observer } = this.#deps;
    const { outcome } = decided;
    await this.#lastLines(decided);
    crashPoint("run/last-lines");
    const held = this.#launched?.held ?? this.#held;
    const parts = { context: this.#context, engine: this.#deps.engine, launched: this.#launched, running: this.#running, held };
    await removeRun(parts, (error, what) => this.#warn(error, what));
    crashPoint("run/cleaned");
    observer.over(outcome);
    await this.#completeConsole(outcome);
    crashPoint("run/console-complete");
    await observer.ended(outcome);
  }

  async #outcome(): Promise<Outcome> {
    try {
      const limitMs = timeLimitMs(this.#context);
      const running = (await this.#found()) ?? (await this.#start());
      this.#running = running;
      const exit = await this.#phase("run", () => this.#watch(running, limitMs));
      crashPoint("run/exited");
      if (this.#options.isStopping?.() === true) throw new Cancelled("user");
      const lost = await lostOutcome(exit, this.#launched, this.#progress);
      this.#throwIfStopped(exit, lost);
      return lost ?? outcomeOfExit(exit, this.#progress);
    } catch (error) {
      const outcome = outcomeOfError(error, this.#stopped(), this.#progress);
      if (outcome.cause === "failed/agent")
        this.#deps.logger.error({ err: error, task: this.#request.task.id }, "a run failed by our own fault");
      return outcome;
    }
  }

  /**
   * An earlier agent told the program to stop and did not see its end. Who lived on after the grace was left to live, and who
   * ended well after the agent had left on purpose did so by itself; who is gone without a trace, on a machine that runs on, was
   * killed at the end of the grace.
   */
  #throwIfStopped({ endedAtMs, exitCode }: Exit, lost: Outcome | undefined): void {
    const { resume } = this.#options;
    if (resume?.stage !== "launched" || resume.stopping === undefined) return;
    const { reason, message, atMs, left = false } = resume.stopping;
    if (left && exitCode === 0) return;
    const isInGrace = endedAtMs !== undefined && endedAtMs >= atMs && endedAtMs <= atMs + this.#deps.settings.run.graceMs + STOP_MS;
    if (isInGrace || (endedAtMs === undefined && lost?.cause === "lost/killed")) throw new Cancelled(reason, message);
  }

  /** A person's stop comes before one of the agent's, whichever was first. */
  #stopped(): AbortSignal {
    const { signal } = this.#context;
    const isAgents = signal.aborted && ["agent-stopping", "hand-back"].includes(cancelReasonOf(signal).reason);
    return isAgents && this.#options.isStopping?.() === true ? AbortSignal.abort(new Cancelled("user")) : signal;
  }

  /** The program that an earlier agent process started; undefined: it never was, and what was begun is cleared away. */
  async #found(): Promise<Running | undefined> {
    if (this.#options.resume === undefined) return undefined;
    const onError = (error: unknown): void => this.#warn(error, "the engine of a run does not answer; trying again");
    const { begun = 0, mayHaveRun = false } = this.#options.resume.stage === "started" ? this.#options.resume : {};
    const running = await foundProgram({
      ...this.#parts(),
      launched: this.#launched,
      begun,
      mayHaveRun,
      leave: this.#options.leave,
      onError,
    });
    if (running === undefined) return undefined;
    this.#progress.launched = true;
    Object.assign(this.#progress.timings, this.#launched?.timings);
    if (this.#launched === undefined) await this.#writeLaunched(running);
    return running;
  }

  async #start(): Promise<Running> {
    refuseUnfitTask(this.#request.task);
    const engine = await this.#deps.engine();
    const source = await this.#phase("source", () => prepareSource(this.#context), "sourceMs");
    this.#held = heldBy(source);
    crashPoint("run/source");
    const environment = await this.#phase("environment", () => engine.prepare(this.#context, source), "environmentMs");
    crashPoint("run/environment");
    this.#progress.timings.environmentHit = environment.hit;
    this.#record(source, environment);
    return await this.#phase("launch", () => this.#launch(source, environment), "launchMs");
  }

  async #launch(source: Source, environment: Environment): Promise<Running> {
    const engine = await this.#deps.engine();
    const view = await engine.view(this.#context, source, environment);
    const launch = await composeLaunch(this.#context, source, environment, view, this.#request);
    this.#context.signal.throwIfAborted();
    const running = await engine.launch(this.#context, source, environment, launch);
    crashPoint("run/program-started");
    this.#progress.launched = true;
    await this.#writeLaunched(running);
    return running;
  }

  async #writeLaunched({ handle }: Running): Promise<void> {
    const held = this.#held;
    const timings = { ...this.#progress.timings };
    if (this.#progress.phase === "launch") timings.launchMs = performance.now() - this.#phaseStart;
    this.#launchedMs = performance.now();
    this.#launched = { handle, atMs: Date.now(), host: await hostIdentity(), timings, held };
    await this.#deps.observer.launched(this.#launched);
    crashPoint("run/launched-written");
  }

  async #watch(running: Running, limitMs: number | undefined): ReturnType<typeof watchProgram> {
    const startedAtMs = this.#launched?.atMs ?? Date.now();
    const onError = (error: unknown): void => this.#warn(error, "a program could not be stopped");
    let endedAtMs: number | undefined;
    try {
      const exit = await watchProgram(running, { ...this.#parts(), startedAtMs, limitMs, limit: this.#limit, onError });
      endedAtMs = exit.endedAtMs;
      return exit;
    } finally {
      this.#progress.timings.runMs = this.#ranMs(startedAtMs, endedAtMs);
    }
  }

  /** Times that were written down tell only where this process did not see the beginning: the clock may have been set since. */
  #ranMs(startedAtMs: number, endedAtMs: number | undefined): number {
    if (this.#launchedMs !== undefined) return performance.now() - this.#launchedMs;
    return Math.max((endedAtMs ?? Date.now()) - startedAtMs, 0);
  }

  #parts(): { context: RunContext; deps: RunDeps } {
    return { context: this.#context, deps: this.#deps };
  }

  async #phase<T>(phase: Phase, work: () => Promise<T>, timing?: Timed): Promise<T> {
    // A program that runs is stopped by its watch, whenever the abort came.
    if (phase !== "run") this.#context.signal.throwIfAborted();
    this.#progress.phase = phase;
    this.#deps.observer.phase(phase);
    const start = performance.now();
    this.#phaseStart = start;
    try {
      return await work();
    } finally {
      if (timing !== undefined) this.#progress.timings[timing] = performance.now() - start;
    }
  }

  async #startShipper(): Promise<Shipper> {
    const { task, worker, token, folder } = this.#request;
    const { observer, logger, settings } = this.#deps;
    const redactor = createRedactor([...settings.secrets, token]);
    const { path } = this.#context.console;
    const options = { path, cursorPath: join(folder, "cursor"), task: task.id, worker, sink: observer.sink, redactor, logger };
    return await withReserve(this.#context.stateFolder, () => startShipper(options), { signal: this.#options.leave });
  }

  async #lastLines(decided: Decided): Promise<void> {
    const write = (): Promise<void> => writeLastLines(this.#context.console, decided);
    await withReserve(this.#context.stateFolder, write, { withinMs: 5_000 }).catch((error: unknown) =>
      this.#warn(error, "the last lines of a console are missing"),
    );
  }

  /** A task that is gone, or another's, takes no more of it: it stays on this machine for a while. */
  async #completeConsole({ cause }: Outcome): Promise<void> {
    const leave = this.#options.leave ?? new AbortController().signal;
    try {
      const shipper = await this.#shipper;
      await (cause === "aborted/task-gone" ? shipper.stop() : shipper.drain(leave));
    } catch (error) {
      leave.throwIfAborted();
      this.#warn(error, "the console of a run is not complete on the server");
    }
  }

  #record({ commit, branch }: Source, { image, installed, key }: Environment): void {
    const facts = {
      environmentKey: key,
      ...(commit === undefined ? {} : { commit }),
      ...(branch === undefined ? {} : { branch }),
      ...(image === undefined ? {} : { image }),
      ...(installed === undefined ? {} : { installed }),
    };
    const written = this.#deps.observer.record(facts, this.#context.signal);
    written.catch((error: unknown) => this.#warn(error, "facts of a run could not be written to its task"));
  }

  #warn(error: unknown, what: string): void {
    this.#deps.logger.warn({ err: error, task: this.#request.task.id, why: messageOf(error) }, what);
  }
}

function heldBy({ mirror, commit }: Source): Held | undefined {
  return mirror === undefined || commit === undefined ? undefined : { mirror, commit };
}
