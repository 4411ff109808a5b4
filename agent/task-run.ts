import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { TaskId } from "../api/wire/ids.ts";
import type { Task } from "../api/wire/task.ts";
import { Cancelled } from "../base/cancelled.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Engine } from "../runner/engine.ts";
import type { Outcome, Phase } from "../runner/outcome.ts";
import type { RunFacts, RunObserver, RunRequest } from "../runner/run-request.ts";
import type { GpuSelection } from "../runner/settings.ts";
import type { Client } from "./client.ts";
import { type Config, settingsFor } from "./config.ts";
import type { ClaimRecord, Journal } from "./journal.ts";
import { reportOutcome } from "./outcome-report.ts";
import { createEventSink } from "./server-event-sink.ts";

/** Everything that carrying out one claimed task needs. */
export interface TaskRunDeps {
  readonly config: Config;
  readonly client: Client;
  readonly journal: Journal;
  readonly engine: () => Promise<Engine>;
  readonly agentId: string;
  readonly logger: Logger;
}

export interface TaskRun {
  readonly record: ClaimRecord;
  readonly task: Task;
  readonly gpus: GpuSelection;
  readonly waitedMs: number | undefined;
  readonly signal: AbortSignal;
  readonly onPhase?: (phase: Phase) => void;
}

const MONTH_SEC = 30 * 86_400;
const DAY_SEC = 86_400;

/** Runs a task that is ours and reports how it ended; returns when nothing of it is left but its console file. */
export async function carryOut(run: TaskRun, deps: TaskRunDeps): Promise<Outcome> {
  const { record, task } = run;
  const settings = settingsFor(deps.config, record.queueName);
  const [{ runTask }, { HostProbe }] = await Promise.all([import("../runner/run.ts"), import("../monitor/resources/host-probe.ts")]);
  const request: RunRequest = {
    task,
    runId: record.claim,
    agentId: deps.agentId,
    worker: record.worker,
    folder: join(deps.config.stateFolder, "runs", record.claim),
    stateFolder: deps.config.stateFolder,
    gpus: run.gpus,
    waitedMs: run.waitedMs,
    token: await tokenFor(task, settings.run.timeLimitMs, deps),
    logLevel: deps.config.log.level.toUpperCase(),
  };
  const engine = await deps.engine();
  const host = new HostProbe(run.gpus);
  const outcome = await runTask(
    request,
    { engine, settings, observer: observerOf(run, deps), host, logger: deps.logger },
    { signal: run.signal },
  );
  await deps.journal.forget(record.claim);
  return outcome;
}

/** A token in the place of the key: it lives a day longer than the run may take. Our own server narrows it to a run's rights. */
async function tokenFor(task: Task, timeLimitMs: number | undefined, deps: TaskRunDeps): Promise<string> {
  const { token } = deps.config.server;
  if (deps.config.server.accessKey === undefined && token !== undefined) return token;
  const seconds = timeLimitMs === undefined ? MONTH_SEC : Math.min(Math.ceil(timeLimitMs / 1000) + DAY_SEC, 365 * DAY_SEC);
  return await deps.client.session.issueToken(seconds, { windlass_scope: "run", windlass_task: task.id });
}

function observerOf(run: TaskRun, deps: TaskRunDeps): RunObserver {
  const { record, task } = run;
  let current = record;
  const keep = async (change: Partial<ClaimRecord>): Promise<void> => {
    current = { ...current, ...change };
    await deps.journal.write(current);
  };
  return {
    sink: createEventSink(deps.client, task.id),
    phase: async (phase) => run.onPhase?.(phase),
    launched: (handle) => keep({ stage: "launched", handle }),
    record: (facts) => writeBack(task, facts, deps),
    async ended(outcome) {
      await keep({ stage: "ended", outcome });
      await reportOutcome(deps.client, task.id, outcome, deps.logger);
    },
  };
}

/** What really ran, beside what was asked for: the commit, the environment, the packages. */
async function writeBack(task: Task, facts: RunFacts, deps: TaskRunDeps): Promise<void> {
  const { tasks, session } = deps.client;
  if (facts.commit !== undefined && facts.commit !== task.script.version_num)
    await tasks.edit(task.id, { script: { version_num: facts.commit } });
  const runtime: Record<string, string> = {
    windlass_environment: facts.environmentKey ?? "",
    ...(facts.image === undefined ? {} : { windlass_image: facts.image }),
  };
  const fresh = await session.call<{ task: { runtime?: Record<string, unknown> } }>("tasks.get_by_id", { task: task.id });
  await tasks.edit(task.id, { runtime: { ...fresh.task.runtime, ...runtime } });
  if (facts.installed === undefined) return;
  const value = facts.installed.join("\n");
  await session.call("tasks.edit_configuration", {
    task: task.id,
    configuration: [{ name: "windlass.installed", value, type: "requirements" }],
    force: true,
  });
}

/** A task whose document makes no sense is failed with that as its cause, so that nobody waits for it. */
export async function failInvalid(task: TaskId, error: unknown, client: Client, logger: Logger): Promise<void> {
  const outcome: Outcome = {
    cause: "failed/task-invalid",
    phase: "claim",
    message: messageOf(error).slice(0, 500),
    retryable: false,
    timings: {},
  };
  logger.error({ err: error, task }, "a task's document cannot be read");
  await client.tasks
    .setStatus("failed", task, { reason: `${outcome.cause}: ${outcome.message}`, message: "in phase claim", force: true })
    .catch((refusal: unknown) => {
      logger.warn({ err: refusal, task }, "the server did not take the failure of a task");
    });
}

/** Console files of ended runs are kept for a while, for a look on the machine itself. */
export async function removeOldRuns(stateFolder: string, keepMs: number, alive: ReadonlySet<string>): Promise<void> {
  const folder = join(stateFolder, "runs");
  for (const name of await readdir(folder).catch(() => [])) {
    if (alive.has(name)) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > keepMs)
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
  }
}

export const agentStopping = (): Cancelled => new Cancelled("agent-stopping");
