import { join } from "node:path";
import type { Task } from "../api/wire/task.ts";
import type { Resume } from "../runner/run-request.ts";
import type { ClaimDeps } from "./claim.ts";
import type { ClaimRecord } from "./journal.ts";
import { readTask } from "./read-task.ts";
import { readRequest } from "./request-file.ts";

/** Where a journal says that a run stopped; undefined: its claim itself is in doubt. */
export function resumeOf(record: ClaimRecord): Resume | undefined {
  const { stage, launched, decided } = record;
  if (stage === "intent") return undefined;
  if (stage === "ended" && decided !== undefined) return { stage, launched, decided };
  if (launched !== undefined) return { stage: "launched", launched };
  return { stage: "started", begun: record.begun ?? 0, mayHaveRun: record.rebuilt === true };
}

/**
 * A record that cannot be read, from what the run wrote down in its folder; undefined: that is gone, too. How far the run
 * had come nobody knows: its program is looked for, and never started again.
 */
export async function rebuiltRecord(stateFolder: string, claim: string): Promise<ClaimRecord | undefined> {
  const request = await readRequest(join(stateFolder, "runs", claim));
  if (request === undefined) return undefined;
  const { task, worker } = request;
  const origin = { queue: undefined, queueName: undefined, intentAt: Date.now() };
  return { claim, task: task.id, worker, ...origin, stage: "started", rebuilt: true };
}

/** The task's document: as the run began with it, else from the server; undefined: it knows no such task. */
export async function taskOf(record: ClaimRecord, stateFolder: string, deps: ClaimDeps, signal: AbortSignal): Promise<Task | undefined> {
  const kept = await readRequest(join(stateFolder, "runs", record.claim));
  return kept?.task ?? (await readTask(record.task, deps, signal));
}
