import { ApiError, isRefusal } from "../api/api-error.ts";
import type { QueueId, TaskId } from "../api/wire/ids.ts";
import type { Task } from "../api/wire/task.ts";
import { ageMs } from "../base/clock.ts";
import { crashPoint } from "../base/crash-point.ts";
import type { ClaimDeps } from "./claim.ts";
import { enqueueAgain } from "./enqueue-again.ts";
import type { ClaimRecord } from "./journal.ts";
import { readTask } from "./read-task.ts";
import { SCHEDULES } from "./schedules.ts";

/** How long the effect of a lost request may take, and another agent to say that a task is its own. */
export const DOUBT_MS = Number(process.env["WINDLASS_DOUBT_MS"] ?? 30_000);

/**
 * Settles a claim whose answer was lost, or that a crash cut off before the task was ours for certain: a task that nobody
 * else has goes back to the front of its queue; it is never run from here. Returns once nothing is open any more, however
 * long the server is away, and forgets the record. The answer: whether the task was handed back.
 */
export async function settle(record: ClaimRecord, deps: ClaimDeps, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const verdict = await verdictOn(record, deps, signal);
    if (verdict !== "not-ours" && !(await handBack(record, verdict, deps, signal))) continue;
    await deps.journal.forget(record.claim);
    return verdict !== "not-ours";
  }
}

/** A task that is this agent's for certain, and that it cannot run, goes back to the front of its queue. */
export async function giveBack(record: ClaimRecord, deps: ClaimDeps, signal: AbortSignal): Promise<void> {
  if (await handBack(record, "queued", deps, signal)) await deps.journal.forget(record.claim);
  else await settle(record, deps, signal);
}

/** `queued`: in no queue, and nobody's; `in-progress`: said to be started by this claim, which did not get on. */
export type Verdict = "queued" | "in-progress" | "not-ours";

/**
 * A task must have been in no queue for half a minute under our eyes: whoever took it has said `started` by then. As long
 * as it stands in a queue, our own request may still land; after half a minute it will not any more.
 */
async function verdictOn(record: ClaimRecord, deps: ClaimDeps, signal: AbortSignal): Promise<Verdict> {
  const { clock } = deps;
  const intentMs = clock.monotonic() - ageMs(record.intentAt, clock);
  for (let goneSinceMs: number | undefined; ; ) {
    const state = await readTask(record.task, deps, signal);
    if (state === undefined || record.queue === undefined) return "not-ours";
    if (isOurRun(state, record)) return "in-progress";
    if (state.status !== "queued" || isNamedByAnother(state, record)) return "not-ours";
    const isInQueue = await isInSomeQueue(record, deps, signal);
    goneSinceMs = isInQueue ? undefined : (goneSinceMs ?? clock.monotonic());
    const leftMs = (goneSinceMs ?? intentMs) + DOUBT_MS - clock.monotonic();
    if (leftMs <= 0) return isInQueue ? "not-ours" : "queued";
    await clock.sleep(leftMs, signal);
  }
}

const namedClaim = (state: Task): string | undefined => /claim ([0-9a-f]{32})/.exec(state.status_message ?? "")?.[1];

function isOurRun(state: Task, record: ClaimRecord): boolean {
  return state.status === "in_progress" && namedClaim(state) === record.claim;
}

/** Another agent's claim stands on the task: it is that agent's to settle. */
export function isNamedByAnother(state: Task, record: Pick<ClaimRecord, "claim">): boolean {
  const named = namedClaim(state);
  return named !== undefined && named !== record.claim;
}

async function isInSomeQueue(record: ClaimRecord, deps: ClaimDeps, signal: AbortSignal): Promise<boolean> {
  const queues = await deps.client.queues.all({ signal, retry: SCHEDULES.settle });
  return queues.some((queue) => queue.entries.some((entry) => entry.task === record.task));
}

/**
 * Puts a task that nobody runs back to the front of its queue. False: the answer was lost, and the state has to be looked
 * at again; a second call at once could put the task there while somebody is taking it.
 */
export async function handBack(
  record: ClaimRecord,
  verdict: Exclude<Verdict, "not-ours">,
  deps: ClaimDeps,
  signal: AbortSignal,
): Promise<boolean> {
  const [queue, task] = [record.queue as QueueId, record.task as TaskId];
  const { queues, tasks } = deps.client;
  const options = { signal, retry: SCHEDULES.handBack };
  // A task that is queued by its status needs no force, and somebody may have started it this moment.
  const note = { status_reason: "handed back by an agent that did not get to run it", ...(verdict === "queued" ? {} : { force: true }) };
  const put = (id: QueueId): Promise<void> =>
    verdict === "queued" ? queues.addTask(id, task, options) : tasks.enqueue(task, { id }, note, options);
  try {
    await enqueueAgain(record, put, note, deps, options);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiError && error.mayPass) return false;
    if (!isRefusal(error, 706)) deps.logger.warn({ err: error, task }, "a task cannot be handed back");
    return true;
  }
  crashPoint("settle/added");
  await toFront(queue, task, deps, signal);
  deps.logger.info({ task, queue: record.queueName ?? queue }, "handed a task back to its queue");
  return true;
}

/** Best effort: somebody may have taken it already. */
export async function toFront(
  queue: QueueId,
  task: TaskId,
  deps: Pick<ClaimDeps, "client" | "logger">,
  signal: AbortSignal,
): Promise<void> {
  await deps.client.queues.moveToFront(queue, task, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    deps.logger.debug({ err: error, task }, "a task that was handed back is not in its queue any more");
  });
  crashPoint("settle/moved");
}
