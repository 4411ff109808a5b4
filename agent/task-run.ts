import { join } from "node:path";
import type { Task } from "../api/wire/task.ts";
import type { Logger } from "../base/logger.ts";
import type { Outcome, Phase } from "../runner/outcome.ts";
import { outcomeOfError } from "../runner/run-end.ts";
import type { Resume, RunRequest } from "../runner/run-request.ts";
import type { GpuSelection, RunSettings } from "../runner/settings.ts";
import type { Client } from "./client.ts";
import { type Config, settingsFor } from "./config.ts";
import type { EngineKind, Engines } from "./engines.ts";
import type { ClaimRecord, Journal } from "./journal.ts";
import { JournalledRun } from "./journalled-run.ts";
import { readRequest, writeRequest } from "./request-file.ts";
import { SCHEDULES } from "./schedules.ts";

/** Everything that carrying out one claimed task needs. */
export interface TaskRunDeps {
  readonly config: Config;
  readonly client: Client;
  readonly journal: Journal;
  readonly engines: Engines;
  readonly agentId: string;
  readonly logger: Logger;
}

export interface TaskRun {
  readonly record: ClaimRecord;
  readonly task: Task;
  readonly gpus: GpuSelection;
  readonly waitedMs: number | undefined;
  readonly signal: AbortSignal;
  /** Aborted: what is left to report is left to the next agent of the state folder. */
  readonly leave: AbortSignal;
  /** Where an earlier agent process stopped with it. */
  readonly resume?: Resume;
  readonly isStopping?: () => boolean;
  /** The server said that the task of an earlier agent process is still ours. */
  readonly onOurs?: () => void;
  readonly onPhase?: (phase: Phase) => void;
  /** Nothing of the program is left; console and outcome may still be on their way. */
  readonly onOver?: (outcome: Outcome) => void;
}

const MONTH_SEC = 30 * 86_400;
const DAY_SEC = 86_400;

/** Runs a task that is ours and reports how it ended; returns when nothing of it is left but its console file. */
export async function carryOut(run: TaskRun, deps: TaskRunDeps): Promise<Outcome> {
  const settings = settingsFor(deps.config, run.record.queueName);
  const [{ runTask }, { HostProbe }] = await Promise.all([import("../runner/run.ts"), import("../monitor/resources/host-probe.ts")]);
  const { request, resume } = await requestOf(run, settings, deps);
  const observer = new JournalledRun(run, deps);
  const kind = engineKindOf(run.record, resume, deps.config);
  return await runTask(
    request,
    {
      engine: () => deps.engines.get(kind, run.record.engineAddress),
      settings,
      observer,
      host: new HostProbe(run.gpus),
      logger: deps.logger,
    },
    { signal: AbortSignal.any([run.signal, observer.notOurs]), leave: run.leave, resume, isStopping: run.isStopping },
  );
}

/** A run of before goes on in the engine in which it was begun, whatever the configuration says now. */
function engineKindOf(record: ClaimRecord, resume: Resume | undefined, config: Config): EngineKind {
  const handle = resume === undefined || resume.stage === "started" ? undefined : resume.launched?.handle;
  if (handle !== undefined) return handle.kind === "container" ? "docker" : "process";
  return record.engine ?? config.engine;
}

/** What the run begins with; an earlier agent process left it on disk, token included, so that no server is needed for it. */
async function requestOf(
  run: TaskRun,
  settings: RunSettings,
  deps: TaskRunDeps,
): Promise<{ request: RunRequest; resume: Resume | undefined }> {
  const { record, task } = run;
  const folder = join(deps.config.stateFolder, "runs", record.claim);
  const facts = {
    task,
    runId: record.claim,
    agentId: deps.agentId,
    worker: record.worker,
    folder,
    stateFolder: deps.config.stateFolder,
    gpus: run.gpus,
    waitedMs: run.waitedMs,
    logLevel: deps.config.log.level.toUpperCase(),
  };
  const before = await readRequest(folder);
  // The folder may have been moved since.
  if (before !== undefined) return { request: { ...before, folder, stateFolder: facts.stateFolder }, resume: run.resume };
  try {
    const token = mayBegin(run) ? await tokenFor(task, settings.run, deps, run.signal) : "";
    const request = { ...facts, token };
    await writeRequest(request, record);
    return { request, resume: run.resume };
  } catch (error) {
    if (run.resume !== undefined && run.signal.aborted) return { request: { ...facts, token: "" }, resume: run.resume };
    const progress = { phase: "claim", launched: false, timings: {} } as const;
    const outcome = outcomeOfError(error, run.signal, progress);
    const decided = { outcome, next: undefined, consoleBytes: 0 };
    return { request: { ...facts, token: "" }, resume: { stage: "ended", launched: undefined, decided } };
  }
}

/** Else its program is only looked for, to go on with it or to stop it, and no token is needed. */
const mayBegin = ({ resume, signal }: TaskRun): boolean => !signal.aborted && (resume === undefined || resume.stage === "started");

/** A token in the place of the key: it lives a day longer than the run may take. Our own server narrows it to a run's rights. */
async function tokenFor(
  task: Task,
  { timeLimitMs, taskAccess }: RunSettings["run"],
  deps: TaskRunDeps,
  signal: AbortSignal,
): Promise<string> {
  const { token } = deps.config.server;
  if (deps.config.server.accessKey === undefined && token !== undefined) {
    if (taskAccess === "own-task")
      deps.logger.warn("run.task_access: own-task is not in force: this agent has a token and no key pair, and the run gets that token");
    return token;
  }
  const seconds = timeLimitMs === undefined ? MONTH_SEC : Math.min(Math.ceil(timeLimitMs / 1000) + DAY_SEC, 365 * DAY_SEC);
  const options = { retry: SCHEDULES.token, signal };
  const limits = { windlass_scope: "run", windlass_task: task.id, ...(taskAccess === "own-task" ? { windlass_only_task: true } : {}) };
  return await deps.client.session.issueToken(seconds, limits, options);
}
