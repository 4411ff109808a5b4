import { ApiError, isRefusal } from "../api/api-error.ts";
import type { CallOptions } from "../api/session.ts";
import type { TaskId } from "../api/wire/ids.ts";
import type { Task } from "../api/wire/task.ts";
import type { Logger } from "../base/logger.ts";
import { retry } from "../base/retry.ts";
import { timingLine } from "../runner/last-lines.ts";
import { type Outcome, statusOf } from "../runner/outcome.ts";
import type { Client } from "./client.ts";
import type { ClaimRecord } from "./journal.ts";
import { SCHEDULES } from "./schedules.ts";
import { isNamedByAnother } from "./settle.ts";

/** clearml-api.md 1.8. */
const INVALID_STATUS = 110;

export interface ReportDeps {
  readonly client: Client;
  readonly logger: Logger;
}

/** `doubtful`: an earlier agent process, or a call whose answer was lost, may have reported already. */
export interface ReportOptions {
  readonly doubtful: boolean;
  readonly signal: AbortSignal;
}

/**
 * Tells the server how a run ended: last, once, with all patience. Cause and sentence stand in `status_reason`, phase and
 * hint in `status_message`. A refusal (somebody changed the status meanwhile) is logged and accepted.
 */
export async function reportOutcome(record: ClaimRecord, outcome: Outcome, deps: ReportDeps, options: ReportOptions): Promise<void> {
  if (outcome.cause === "aborted/task-gone") return;
  const note = { reason: reasonOf(outcome), message: messageOf(outcome) };
  const { signal } = options;
  const call = { retry: SCHEDULES.take, signal };
  const [task, status] = [record.task as TaskId, statusOf(outcome.cause)];
  await onceIfOurs(record, deps, options, async () => {
    try {
      await deps.client.tasks.setStatus(status, task, note, call);
    } catch (error) {
      if (!isRefusal(error, INVALID_STATUS) || !(await saidCompleted(record, deps, call))) throw error;
      await deps.client.tasks.setStatus(status, task, { ...note, force: true }, call);
    }
  });
}

/**
 * The program's own SDK said `completed`, and then the program ended otherwise: its exit code is the truth, unless the record
 * was destroyed, since then nobody knows its exit code.
 */
async function saidCompleted(record: ClaimRecord, { client }: ReportDeps, call: CallOptions): Promise<boolean> {
  const state = await client.tasks.get(record.task as TaskId, call);
  return record.rebuilt !== true && state.status === "completed" && isStillOurs(state, record);
}

/**
 * Carries out a change that ends our hold on a task. It is never simply repeated: after a lost answer the task is read
 * first, and left alone if it is not ours any more.
 */
export async function onceIfOurs(
  record: ClaimRecord,
  { client, logger }: ReportDeps,
  { doubtful, signal }: ReportOptions,
  change: () => Promise<void>,
): Promise<void> {
  let mustLook = doubtful;
  const attempt = async (): Promise<void> => {
    if (mustLook && !isStillOurs(await client.tasks.get(record.task as TaskId, { retry: SCHEDULES.take, signal }), record)) return;
    mustLook = true;
    await change();
  };
  try {
    const retryable = (error: unknown): boolean => error instanceof ApiError && error.mayPass;
    const askedDelayMs = (error: unknown): number | undefined => (error instanceof ApiError ? error.retryAfterMs : undefined);
    await retry(attempt, { schedule: SCHEDULES.outcome, signal, retryable, askedDelayMs });
  } catch (error) {
    signal.throwIfAborted();
    logger.warn({ err: error, task: record.task }, "the server did not take the end of a run");
  }
}

const OVER = new Set(["created", "queued", "published", "closed"]);

/** Somebody may have stopped, reset, or started it anew since. */
export function isStillOurs(state: Task, record: ClaimRecord): boolean {
  const isOthers = state.last_worker !== undefined && state.last_worker !== record.worker;
  return !OVER.has(state.status) && !isNamedByAnother(state, record) && !isOthers;
}

export function reasonOf(outcome: Outcome): string {
  return outcome.cause === "completed" ? "completed" : `${outcome.cause}: ${outcome.message}`;
}

function messageOf(outcome: Outcome): string {
  if (outcome.cause === "completed") return timingLine(outcome.timings);
  const hint = outcome.hint === undefined ? "" : ` · ${outcome.hint}`;
  return `in phase ${outcome.phase}${hint}`;
}
