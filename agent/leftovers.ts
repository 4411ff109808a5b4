import { join } from "node:path";
import { isRefusal } from "../api/api-error.ts";
import type { TaskId } from "../api/wire/ids.ts";
import type { Task } from "../api/wire/task.ts";
import { jittered, systemClock } from "../base/clock.ts";
import type { Resume } from "../runner/run-request.ts";
import type { ClaimRecord } from "./journal.ts";
import { readRequest } from "./request-file.ts";
import { SCHEDULES } from "./schedules.ts";
import type { TaskRunDeps } from "./task-run.ts";

const ASK_AGAIN_MS = 30_000;

/** Where a journal says that a run stopped; undefined: its claim itself is in doubt. */
export function resumeOf(record: ClaimRecord): Resume | undefined {
  const { stage, launched, decided } = record;
  if (stage === "intent") return undefined;
  if (stage === "ended" && decided !== undefined) return { stage, launched, decided };
  return launched === undefined ? { stage: "started", begun: record.begun ?? 0 } : { stage: "launched", launched };
}

/** The task's document: as the run began with it, else from the server, however long it is away; undefined: it knows no such task. */
export async function taskOf(record: ClaimRecord, deps: TaskRunDeps, signal: AbortSignal): Promise<Task | undefined> {
  const kept = await readRequest(join(deps.config.stateFolder, "runs", record.claim));
  if (kept !== undefined) return kept.task;
  for (;;) {
    try {
      return await deps.client.tasks.get(record.task as TaskId, { signal, retry: SCHEDULES.settle });
    } catch (error) {
      signal.throwIfAborted();
      if (isRefusal(error, 101)) return undefined;
      deps.logger.warn({ err: error, task: record.task }, "the task of an earlier run cannot be read; trying again");
      await systemClock.sleep(jittered(ASK_AGAIN_MS), signal);
    }
  }
}
