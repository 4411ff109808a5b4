import type { TaskId } from "../api/wire/ids.ts";
import { messageOf } from "../base/errors.ts";
import type { ClaimDeps } from "./claim.ts";
import type { ClaimRecord } from "./journal.ts";
import { SCHEDULES } from "./schedules.ts";

/** A task whose document makes no sense is failed with that as its cause, so that nobody waits for it. */
export async function failInvalid(record: ClaimRecord, error: unknown, deps: ClaimDeps, signal: AbortSignal): Promise<void> {
  const { client, logger, journal } = deps;
  logger.error({ err: error, task: record.task }, "a task's document cannot be read");
  const note = { reason: `failed/task-invalid: ${messageOf(error).slice(0, 500)}`, message: "in phase claim", force: true };
  const options = { retry: SCHEDULES.outcome, signal };
  await client.tasks.setStatus("failed", record.task as TaskId, note, options).catch((refusal: unknown) => {
    signal.throwIfAborted();
    logger.warn({ err: refusal, task: record.task }, "the server did not take the failure of a task");
  });
  await journal.forget(record.claim);
}
