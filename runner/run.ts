import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Cancelled } from "../base/cancelled.ts";
import { withReserve } from "../base/disk-reserve.ts";
import { messageOf } from "../base/errors.ts";
import { formatDuration, parseDurationMs } from "../base/units.ts";
import { createRedactor } from "../monitor/console/redactor.ts";
import { RunConsole } from "../monitor/console/run-console.ts";
import { type Shipper, startShipper } from "../monitor/console/shipper.ts";
import { startFigures } from "../monitor/resources/figures.ts";
import { judgeDisk } from "./disk-full.ts";
import type { Environment, Exit, RunContext, Running } from "./engine.ts";
import { writeLastLines } from "./last-lines.ts";
import { composeLaunch } from "./launch/compose-launch.ts";
import { agentParameter } from "./launch/parameters.ts";
import type { Outcome, Phase } from "./outcome.ts";
import { outcomeOfError, outcomeOfExit, type Progress } from "./run-end.ts";
import { RunError } from "./run-error.ts";
import type { RunDeps, RunRequest } from "./run-request.ts";
import { prepareSource, releaseSource } from "./source/prepare-source.ts";
import type { Source } from "./source/source.ts";
import { releaseUses } from "./uses.ts";

/**
 * The story of one task: source, environment, launch, watch, outcome. It never throws for a failure of the task; the
 * outcome is told to the observer once, after the console is complete on the server, and what is left is removed after that.
 */
export async function runTask(request: RunRequest, deps: RunDeps, options: { signal: AbortSignal }): Promise<Outcome> {
  await mkdir(request.folder, { recursive: true, mode: 0o700 });
  await writeFile(join(request.folder, "task"), `${request.task.id} ${request.task.name}\n`).catch(() => undefined);
  const limit = new AbortController();
  const signal = AbortSignal.any([options.signal, limit.signal]);
  const run = new Run(request, deps, signal, limit);
  const outcome = await judgeDisk(await run.carryOut(), run.context, deps.engine);
  await run.end(outcome);
  return outcome;
}

/** What a timer can count. */
const MAX_TIMER_MS = 2 ** 31 - 1;

class Run {
  readonly #request: RunRequest;
  readonly #deps: RunDeps;
  readonly #context: RunContext;
  readonly #limit: AbortController;
  readonly #progress: Progress;
  readonly #shipper: Promise<Shipper>;
  #source: Source | undefined;
  #running: Running | undefined;

  constructor(request: RunRequest, deps: RunDeps, signal: AbortSignal, limit: AbortController) {
    this.#request = request;
    this.#deps = deps;
    this.#limit = limit;
    this.#context = { ...request, settings: deps.settings, console: new RunConsole(request.folder), signal };
    this.#progress = { phase: "claim", launched: false, timings: request.waitedMs === undefined ? {} : { waitedMs: request.waitedMs } };
    this.#shipper = this.#startShipper();
    this.#shipper.catch(() => undefined);
  }

  get context(): RunContext {
    return this.#context;
  }

  async carryOut(): Promise<Outcome> {
    const { signal } = this.#context;
    try {
      const limitMs = this.#limitMs();
      const { source, environment } = await this.#prepare();
      const running = await this.#launch(source, environment);
      return outcomeOfExit(await this.#watch(running, limitMs), this.#progress);
    } catch (error) {
      const outcome = outcomeOfError(error, signal, this.#progress);
      if (outcome.cause === "failed/agent")
        this.#deps.logger.error({ err: error, task: this.#request.task.id }, "a run failed by our own fault");
      return outcome;
    }
  }

  /** Last lines, complete console, report, and then the clean-up: none of it under the run's aborted signal. */
  async end(outcome: Outcome): Promise<void> {
    const patience = new AbortController();
    await withReserve(this.#context.stateFolder, () => writeLastLines(this.#context.console, outcome), { withinMs: 5_000 }).catch(
      (error: unknown) => this.#warn(error, "the last lines of a console are missing"),
    );
    try {
      await (await this.#shipper).drain(patience.signal);
    } catch (error) {
      this.#warn(error, "the console of a run is not complete on the server");
    }
    await this.#deps.observer.ended(outcome);
    await this.#cleanUp();
  }

  async #prepare(): Promise<{ source: Source; environment: Environment }> {
    const source = await this.#phase("source", "sourceMs", () => prepareSource(this.#context));
    this.#source = source;
    const environment = await this.#phase("environment", "environmentMs", () => this.#deps.engine.prepare(this.#context, source));
    this.#progress.timings.environmentHit = environment.hit;
    void this.#record(source, environment);
    return { source, environment };
  }

  async #launch(source: Source, environment: Environment): Promise<Running> {
    const { engine, observer } = this.#deps;
    return await this.#phase("launch", "launchMs", async () => {
      const view = await engine.view(this.#context, source, environment);
      const launch = await composeLaunch(this.#context, source, environment, view, {
        token: this.#request.token,
        logLevel: this.#request.logLevel,
      });
      this.#context.signal.throwIfAborted();
      const running = await engine.launch(this.#context, source, environment, launch);
      this.#running = running;
      this.#progress.launched = true;
      await observer.launched(running.handle);
      return running;
    });
  }

  /** Waits for the end while figures go up; an abort comes down as SIGTERM, a grace period, SIGKILL. */
  async #watch(running: Running, limitMs: number | undefined): Promise<Exit> {
    const { task, worker } = this.#request;
    const { host, logger, observer, settings } = this.#deps;
    const { signal } = this.#context;
    const timer = this.#startLimit(limitMs);
    const figures = startFigures({
      task: task.id,
      worker,
      source: running.figures,
      host,
      sink: observer.sink,
      startedAtMs: Date.now(),
      logger,
    });
    const stop = (): void =>
      void running.stop(settings.run.graceMs).catch((error: unknown) => this.#warn(error, "a program could not be stopped"));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    try {
      const exit = await this.#phase("run", "runMs", () => running.exited);
      if (signal.aborted) await running.stop(settings.run.graceMs);
      signal.throwIfAborted();
      return exit;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      void figures.stop();
    }
  }

  async #phase<T>(phase: Phase, timing: "sourceMs" | "environmentMs" | "launchMs" | "runMs", work: () => Promise<T>): Promise<T> {
    this.#context.signal.throwIfAborted();
    this.#progress.phase = phase;
    await this.#deps.observer.phase(phase);
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#progress.timings[timing] = performance.now() - start;
    }
  }

  #startLimit(limitMs: number | undefined): NodeJS.Timeout | undefined {
    if (limitMs === undefined) return undefined;
    return setTimeout(
      () => this.#limit.abort(new Cancelled("timeout", `the program ran longer than its time limit of ${formatDuration(limitMs)}`)),
      limitMs,
    );
  }

  /** The shorter one of the agent's limit and the task's own, in ms. */
  #limitMs(): number | undefined {
    const own = agentParameter(this.#request.task, "time_limit");
    const limits = [this.#deps.settings.run.timeLimitMs, own === undefined || own === "" ? undefined : durationOf(own)].filter(
      (limit) => limit !== undefined,
    );
    return limits.length === 0 ? undefined : Math.min(...limits, MAX_TIMER_MS);
  }

  async #startShipper(): Promise<Shipper> {
    const { task, worker, token, folder } = this.#request;
    const { observer, logger, settings } = this.#deps;
    const redactor = createRedactor([...settings.secrets, token]);
    const options = {
      path: this.#context.console.path,
      cursorPath: join(folder, "cursor"),
      task: task.id,
      worker,
      sink: observer.sink,
      redactor,
      logger,
    };
    return await withReserve(this.#context.stateFolder, () => startShipper(options));
  }

  async #record(source: Source, environment: Environment): Promise<void> {
    const { commit, branch } = source;
    const { image, installed, key } = environment;
    const facts = {
      environmentKey: key,
      ...(commit === undefined ? {} : { commit }),
      ...(branch === undefined ? {} : { branch }),
      ...(image === undefined ? {} : { image }),
      ...(installed === undefined ? {} : { installed }),
    };
    await this.#deps.observer.record(facts).catch((error: unknown) => this.#warn(error, "facts of a run could not be written to its task"));
  }

  async #cleanUp(): Promise<void> {
    const context = { ...this.#context, signal: new AbortController().signal };
    const steps = [
      () => this.#running?.remove(),
      () => (this.#source === undefined ? undefined : releaseSource(this.#source, context)),
      () => releaseUses(context.stateFolder, context.runId),
      () => this.#deps.engine.removeFolder(context, join(this.#request.folder, "workspace")),
      () => rm(join(this.#request.folder, "files"), { recursive: true, force: true }),
    ];
    for (const step of steps)
      await Promise.resolve(step()).catch((error: unknown) => this.#warn(error, "something of a run could not be removed"));
  }

  #warn(error: unknown, what: string): void {
    this.#deps.logger.warn({ err: error, task: this.#request.task.id, why: messageOf(error) }, what);
  }
}

function durationOf(text: string): number {
  try {
    return parseDurationMs(text);
  } catch (error) {
    throw new RunError("failed/task-invalid", `Windlass/time_limit: ${messageOf(error)}`);
  }
}
