import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { QueueId, TaskId } from "../api/wire/ids.ts";
import { RunConsole } from "../monitor/console/run-console.ts";
import type { RunContext } from "../runner/engine.ts";
import type { Outcome } from "../runner/outcome.ts";
import { settingsFor } from "./config.ts";
import type { ClaimRecord } from "./journal.ts";
import { reportOutcome } from "./outcome-report.ts";
import type { TaskRunDeps } from "./task-run.ts";

/**
 * Runs that an agent of this state folder left behind when it was killed: what never started its program goes back to its
 * queue, what had started is ended and reported as lost, an outcome that was not reported yet is reported.
 */
export async function recoverRun(record: ClaimRecord, deps: TaskRunDeps): Promise<void> {
  const task = record.task as TaskId;
  deps.logger.warn({ task, stage: record.stage }, "found a run of an agent that is no more");
  if (record.stage === "started") await giveBack(record, deps);
  else {
    if (record.handle !== undefined && record.outcome === undefined) await endProgram(record, deps);
    await reportOutcome(deps.client, task, record.outcome ?? lostOutcome(), deps.logger);
  }
  await removeFolder(record, deps);
  await deps.journal.forget(record.claim);
}

async function giveBack(record: ClaimRecord, deps: TaskRunDeps): Promise<void> {
  const task = record.task as TaskId;
  const state = await deps.client.tasks.get(task);
  const isOurs = state.status === "in_progress" && state.status_message === `claim ${record.claim}`;
  if (!isOurs || record.queue === undefined) return;
  const queue = record.queue as QueueId;
  await deps.client.tasks.enqueue(task, { id: queue }, { force: true, status_reason: "the agent was killed before the program started" });
  await deps.client.queues.moveToFront(queue, task);
}

async function endProgram(record: ClaimRecord, deps: TaskRunDeps): Promise<void> {
  const engine = await deps.engine();
  const running = record.handle === undefined ? undefined : await engine.adopt(await contextOf(record, deps), record.handle);
  await running?.stop(deps.config.runSettings.run.graceMs);
  await running?.remove();
}

const lostOutcome = (): Outcome => ({
  cause: "lost/killed",
  phase: "run",
  message: "the agent was killed while the program ran; the program was ended with it",
  retryable: false,
  timings: {},
});

async function contextOf(record: ClaimRecord, deps: TaskRunDeps): Promise<RunContext> {
  const folder = join(deps.config.stateFolder, "runs", record.claim);
  const task = await deps.client.tasks.get(record.task as TaskId);
  return {
    task,
    runId: record.claim,
    agentId: deps.agentId,
    worker: record.worker,
    folder,
    stateFolder: deps.config.stateFolder,
    settings: settingsFor(deps.config, record.queueName),
    gpus: deps.config.gpus,
    console: new RunConsole(folder),
    signal: new AbortController().signal,
  };
}

/** The workspace may hold files of another user; the console stays as long as those of other runs. */
async function removeFolder(record: ClaimRecord, deps: TaskRunDeps): Promise<void> {
  const folder = join(deps.config.stateFolder, "runs", record.claim);
  const engine = await deps.engine();
  await engine
    .removeFolder(await contextOf(record, deps), join(folder, "workspace"))
    .catch(() => rm(join(folder, "workspace"), { recursive: true, force: true }));
}

/** The random id of a state folder, made once; on every label. */
export async function readAgentId(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").then(
    (text) => (JSON.parse(text) as { id: string }).id,
    () => undefined,
  );
}
