import type { QueueId, TaskId } from "../api/wire/ids.ts";
import type { Task } from "../api/wire/task.ts";
import { agentParameter } from "../runner/launch/parameters.ts";
import type { Outcome } from "../runner/outcome.ts";
import type { Config } from "./config.ts";
import { enqueueAgain } from "./enqueue-again.ts";
import type { ClaimRecord } from "./journal.ts";
import { onceIfOurs, type ReportDeps, type ReportOptions, reasonOf } from "./outcome-report.ts";
import { SILENT } from "./run-watch.ts";
import { SCHEDULES } from "./schedules.ts";
import { toFront } from "./settle.ts";

/** Where the number of tries stands on the task; a reset of the task takes it away. */
const TRIES = "windlass_tries";

const STOPPED_MEANWHILE = { reason: "aborted/user: stopped by a user while its run was ended", message: "in phase run" };

export interface Requeue {
  /** This run included. */
  readonly tries: number;
  readonly limit: number;
}

/**
 * Whether a run that ended so is queued again, by the policy: what never started user code and failed by the
 * infrastructure, what was stopped with its agent before it started or to be handed back, and, where task or configuration allow it, what the
 * host lost. A failure of the user's program never is.
 */
export function requeueOf(outcome: Outcome, task: Task, record: ClaimRecord, config: Config): Requeue | undefined {
  if (record.queue === undefined) return undefined;
  const tries = Number(task.runtime[TRIES] ?? 0) + 1;
  const limit = config.requeue.limit + 1;
  if (outcome.cause === "aborted/agent-stopping") return outcome.retryable ? { tries: tries - 1, limit } : undefined;
  const mayAgain = outcome.cause.startsWith("lost/") ? mayRunAgain(task, config) : outcome.retryable;
  return mayAgain && tries < limit ? { tries, limit } : undefined;
}

function mayRunAgain(task: Task, config: Config): boolean {
  const own = agentParameter(task, "on_lost");
  return own === undefined || own === "" ? config.requeue.onLost === "requeue" : own === "requeue";
}

/** Puts the task back to the front of its queue; the cause stays in its `status_reason`. */
export async function requeue(
  record: ClaimRecord,
  outcome: Outcome,
  { tries }: Requeue,
  deps: ReportDeps,
  options: ReportOptions,
): Promise<void> {
  const [task, queue] = [record.task as TaskId, record.queue as QueueId];
  const { tasks } = deps.client;
  const call = { retry: SCHEDULES.take, signal: options.signal };
  let isWanted = true;
  await onceIfOurs(record, deps, options, async () => {
    isWanted = !wasStopped(await tasks.get(task, call));
    if (!isWanted) return void (await tasks.setStatus("stopped", task, STOPPED_MEANWHILE, call));
    await tasks.editRuntime(task, { [TRIES]: tries }, call);
    const note = { force: true, status_reason: `queued again after ${reasonOf(outcome)}` };
    await enqueueAgain(record, (id) => tasks.enqueue(task, { id }, note, call), note, deps, call);
  });
  if (isWanted) await toFront(queue, task, deps, options.signal);
}

/** Somebody stopped the task while its run was being ended: that person's word counts. A watchdog's does not. */
function wasStopped({ status, status_reason, status_message }: Task): boolean {
  if (status === "stopped") return status_reason !== SILENT;
  return status === "in_progress" && (status_message ?? "").includes("stopping");
}
