import { ApiError, isRefusal } from "../api/api-error.ts";
import type { QueueId, TaskId } from "../api/wire/ids.ts";
import type { Queue, QueueEntry } from "../api/wire/queue.ts";
import type { Clock } from "../base/clock.ts";
import { newId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { Client } from "./client.ts";
import type { ClaimRecord, Journal } from "./journal.ts";

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
  /** When it was put into the queue, in ms. */
  readonly addedAtMs: number | undefined;
}

/** Never tried again by itself: a second try of a taking that may have worked would find nothing and look like a loss. */
const ONCE = { tries: 1, firstDelayMs: 0, factor: 1, maxDelayMs: 0 };
const NOT_QUEUED = [703, 701];
/** How long the effect of a lost request may take, and another agent to say that a task is its own. */
export const DOUBT_MS = 30_000;

/**
 * Takes one entry off its queue, so that a crash at any point loses nothing and runs nothing twice: the intent is on disk
 * first, and the server lets exactly one of several callers succeed. Undefined: another one has it, or doubt remains.
 */
export async function claim(
  queue: Pick<Queue, "id" | "name">,
  entry: QueueEntry,
  worker: string,
  deps: ClaimDeps,
): Promise<Claimed | undefined> {
  const record: ClaimRecord = {
    claim: newId(),
    task: entry.task,
    queue: queue.id,
    queueName: queue.name,
    worker,
    intentAt: deps.clock.now(),
    stage: "intent",
  };
  await deps.journal.write(record);
  try {
    const removed = await deps.client.queues.removeTask(queue.id, entry.task, { retry: ONCE });
    if (removed > 0) return { record, task: entry.task, queue, addedAtMs: timeOf(entry.added) };
  } catch (error) {
    if (error instanceof ApiError && error.uncertain) {
      deps.logger.warn({ err: error, task: entry.task }, "the answer to a claim was lost; it is settled in half a minute");
      return undefined;
    }
    if (!isRefusal(error, ...NOT_QUEUED)) deps.logger.warn({ err: error, task: entry.task }, "a task cannot be claimed");
  }
  await deps.journal.forget(record.claim);
  return undefined;
}

function timeOf(date: string): number | undefined {
  const ms = Date.parse(date);
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Settles an intent whose answer was lost, or that a crash left behind: half a minute after it, a task that is still
 * `queued`, in no queue, and claimed by nobody else goes back to the front of its queue. It is never run from here.
 */
export async function settleDoubt(record: ClaimRecord, deps: ClaimDeps, signal: AbortSignal): Promise<void> {
  const waitMs = record.intentAt + DOUBT_MS - deps.clock.now();
  if (waitMs > 0) await deps.clock.sleep(waitMs, signal);
  const task = record.task as TaskId;
  const queue = record.queue as QueueId;
  const state = await deps.client.tasks.get(task, { signal }).catch((error: unknown) => {
    if (isRefusal(error, 101)) return undefined;
    throw error;
  });
  const claimedByOther = /claim [0-9a-f]{32}/.exec(state?.status_message ?? "")?.[0];
  const isOurs = state?.status === "queued" && (claimedByOther === undefined || claimedByOther === `claim ${record.claim}`);
  if (isOurs && !(await isWaiting(queue, task, deps, signal))) await handBack(queue, task, deps, signal);
  await deps.journal.forget(record.claim);
}

async function isWaiting(queue: QueueId, task: TaskId, deps: ClaimDeps, signal: AbortSignal): Promise<boolean> {
  const { queues } = await deps.client.session.call<{ queues: { id: string; entries?: { task: string }[] }[] }>(
    "queues.get_all",
    { search_hidden: true, page_size: 500 },
    { signal },
  );
  const place = queues.find((candidate) => candidate.entries?.some((entry) => entry.task === task));
  if (place !== undefined) return true;
  return !queues.some((candidate) => candidate.id === queue);
}

/** Puts a task that nobody runs back to the front of its queue. */
export async function handBack(queue: QueueId, task: TaskId, deps: ClaimDeps, signal: AbortSignal): Promise<void> {
  try {
    await deps.client.queues.addTask(queue, task, { signal });
  } catch (error) {
    if (isRefusal(error, 706)) return;
    throw error;
  }
  await deps.client.queues.moveToFront(queue, task, { signal });
  deps.logger.info({ task, queue }, "handed a task back to its queue");
}
