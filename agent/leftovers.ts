import { join } from "node:path";
import type { Task } from "../api/wire/task.ts";
import type { Resume } from "../runner/run-request.ts";
import type { ClaimDeps } from "./claim.ts";
import type { Config } from "./config.ts";
import type { ClaimRecord } from "./journal.ts";
import { readClaimedTask, readTask } from "./read-task.ts";
import { readRequest } from "./request-file.ts";

/** Where a journal says that a run stopped; undefined: its claim itself is in doubt. */
export function resumeOf(record: ClaimRecord): Resume | undefined {
  const { stage, launched, decided, stopping } = record;
  if (stage === "intent") return undefined;
  if (stage === "ended" && decided !== undefined) return { stage, launched, decided };
  if (launched !== undefined) return { stage: "launched", launched, stopping };
  return { stage: "started", begun: record.begun ?? 0, mayHaveRun: record.rebuilt === true };
}

/**
 * A record that cannot be read, from the copy in its run's folder, else from the task, which names its claim; undefined: that
 * is gone, too. How far the run had come nobody knows: its program is looked for, and never started again.
 */
export async function rebuiltRecord(
  claim: string,
  { stateFolder, name }: Pick<Config, "stateFolder" | "name">,
  deps: ClaimDeps,
  signal: AbortSignal,
): Promise<ClaimRecord | undefined> {
  const kept = (await readRequest(join(stateFolder, "runs", claim)))?.record;
  if (kept !== undefined) return { ...kept, rebuilt: true };
  const task = await readClaimedTask(claim, deps, signal);
  if (task === undefined) return undefined;
  const origin = { queue: task.execution.queue, queueName: undefined, intentAt: deps.clock.now() };
  return { claim, task: task.id, worker: task.last_worker ?? name, ...origin, stage: "started", rebuilt: true };
}

/** The task's document: as the run began with it, else from the server; undefined: it knows no such task. */
export async function taskOf(record: ClaimRecord, stateFolder: string, deps: ClaimDeps, signal: AbortSignal): Promise<Task | undefined> {
  const kept = await readRequest(join(stateFolder, "runs", record.claim));
  return kept?.task ?? (await readTask(record.task, deps, signal));
}

/** What is needed of a task that nobody knows any more, in order to stop its program and to clean up behind it. */
export async function namelessTask({ task }: ClaimRecord): Promise<Task> {
  const { taskSchema } = await import("../api/wire/task.ts");
  return taskSchema.parse({ id: task });
}
