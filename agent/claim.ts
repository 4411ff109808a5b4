import { ApiError, isRefusal } from "../api/api-error.ts";
import type { TaskId } from "../api/wire/ids.ts";
import type { Queue, QueueEntry } from "../api/wire/queue.ts";
import type { Task } from "../api/wire/task.ts";
import type { Clock } from "../base/clock.ts";
import { crashPoint } from "../base/crash-point.ts";
import { newId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { ONCE, retry } from "../base/retry.ts";
import type { Client } from "./client.ts";
import type { ClaimRecord, Journal } from "./journal.ts";
import { SCHEDULES } from "./schedules.ts";

export interface ClaimDeps {
  readonly client: Client;
  readonly journal: Journal;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A task that nobody else has. */
export interface Claimed {
  readonly record: ClaimRecord;
  readonly task: TaskId;
  readonly queue: Pick<Queue, "id" | "name">;
  /** When the claim began, by the clock that only grows. */
  readonly sinceMs: number;
  /** When it was put into the queue, in ms. */
  readonly addedAtMs: number | undefined;
}

/** `doubt`: the answer was lost, and `settle.ts` has to find out; `lost`: another one has it, or it may not be taken. */
export type ClaimResult = { readonly claimed: Claimed } | { readonly doubt: ClaimRecord } | "lost";

const NOT_QUEUED = [703, 701];
/**
 * So long after its claim a task is not said to be `started` any more: another agent, in doubt about the same task, may believe
 * half a minute after it left its queue that it is lost, and what was sent last may take ten seconds to land. The answer has
 * its own time, so that a server may take nearly ten seconds for each call.
 */
const START_WITHIN_MS = 20_000;

/**
 * Takes one entry off its queue, so that a crash at any point loses nothing and runs nothing twice: the intent is on disk
 * first, and the server lets exactly one of several callers succeed.
 */
export async function claim(queue: Pick<Queue, "id" | "name">, entry: QueueEntry, worker: string, deps: ClaimDeps): Promise<ClaimResult> {
  const record: ClaimRecord = {
    claim: newId(),
    task: entry.task,
    queue: queue.id,
    queueName: queue.name,
    worker,
    server: deps.client.session.apiServer,
    intentAt: deps.clock.now(),
    stage: "intent",
  };
  const sinceMs = deps.clock.monotonic();
  await deps.journal.write(record);
  crashPoint("claim/intent-written");
  try {
    const removed = await deps.client.queues.removeTask(queue.id, entry.task, { retry: ONCE });
    crashPoint("claim/removed");
    if (removed > 0) return { claimed: { record, task: entry.task, queue, sinceMs, addedAtMs: timeOf(entry.added) } };
  } catch (error) {
    if (error instanceof ApiError && error.uncertain) return { doubt: record };
    if (!isRefusal(error, ...NOT_QUEUED)) deps.logger.warn({ err: error, task: entry.task }, "a task cannot be claimed");
  }
  await deps.journal.forget(record.claim);
  return "lost";
}

function timeOf(date: string): number | undefined {
  const ms = Date.parse(date);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * `gone`: nothing is to be done, somebody stopped or deleted it meanwhile. `invalid`: its document makes no sense. `strange`: it
 * is in a status of a newer server, of which this agent knows nothing.
 */
export type StartResult = { readonly task: Task } | { readonly invalid: unknown } | "gone" | "doubt" | "strange";

/** Reads a claimed task and tells the server `started`, with the claim's id, in time or not at all. */
export async function start({ record, task: id, sinceMs }: Claimed, deps: ClaimDeps): Promise<StartResult> {
  const leftMs = (): number => Math.max(Math.ceil(sinceMs + START_WITHIN_MS - deps.clock.monotonic()), 0);
  const signal = AbortSignal.timeout(leftMs());
  try {
    const task = await deps.client.tasks.get(id, { retry: SCHEDULES.start, signal });
    crashPoint("claim/task-read");
    if (task.status === "unknown") return "strange";
    if (task.status !== "queued") {
      deps.logger.warn({ task: id, status: task.status }, "a task of the queue is not queued any more; left alone");
      return "gone";
    }
    await sayStarted(record, leftMs, deps);
    crashPoint("claim/started");
    return { task };
  } catch (error) {
    if (signal.aborted || (error instanceof ApiError && error.mayPass)) return "doubt";
    if (!(error instanceof ApiError)) return isAboutDocument(error) ? { invalid: error } : "doubt";
    deps.logger.warn({ err: error, task: id }, "a claimed task cannot be started; left alone");
    return "gone";
  }
}

/** Sends it as often as there is time for; what is on its way by then is waited for like any other call. */
async function sayStarted({ task, worker, claim: id }: ClaimRecord, leftMs: () => number, { client }: ClaimDeps): Promise<void> {
  const note = { reason: `started by windlass ${worker}`, message: `claim ${id}` };
  await retry(
    async () => {
      if (leftMs() === 0) throw new Error("too late to start a claimed task");
      await client.tasks.setStatus("started", task as TaskId, note, { retry: ONCE });
    },
    {
      schedule: SCHEDULES.start,
      retryable: (error) => error instanceof ApiError && error.retryable,
      askedDelayMs: (error) => (error instanceof ApiError ? error.retryAfterMs : undefined),
    },
  );
}

/** The schema's own error; anything else is a fault of this agent, and no reason to fail the task. */
const isAboutDocument = (error: unknown): boolean => error instanceof Error && /ZodError$/.test(error.name);
