import { ApiError } from "../api/api-error.ts";
import type { TaskId } from "../api/wire/ids.ts";
import type { Logger } from "../base/logger.ts";
import { PATIENT } from "../base/retry.ts";
import { timingLine } from "../runner/last-lines.ts";
import { type Outcome, statusOf } from "../runner/outcome.ts";
import type { Client } from "./client.ts";

/**
 * Tells the server how a run ended: last, once, with all patience. Cause and sentence stand in `status_reason`, phase and
 * hint in `status_message`. A refusal (somebody changed the status meanwhile) is logged and accepted.
 */
export async function reportOutcome(client: Client, task: TaskId, outcome: Outcome, logger: Logger): Promise<void> {
  if (outcome.cause === "aborted/task-gone") return;
  const note = {
    reason: outcome.cause === "completed" ? "completed" : `${outcome.cause}: ${outcome.message}`,
    message: messageOf(outcome),
  };
  try {
    await client.tasks.setStatus(statusOf(outcome.cause), task, note, { retry: PATIENT });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    logger.warn({ err: error, task, cause: outcome.cause }, "the server did not take the outcome of a task");
  }
}

function messageOf(outcome: Outcome): string {
  if (outcome.cause === "completed") return timingLine(outcome.timings);
  const hint = outcome.hint === undefined ? "" : ` · ${outcome.hint}`;
  return `in phase ${outcome.phase}${hint}`;
}
