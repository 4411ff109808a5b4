import { isRefusal } from "../api/api-error.ts";
import type { CallOptions } from "../api/session.ts";
import type { TaskId } from "../api/wire/ids.ts";
import type { Task } from "../api/wire/task.ts";
import { jittered } from "../base/clock.ts";
import type { ClaimDeps } from "./claim.ts";
import { SCHEDULES } from "./schedules.ts";

const ASK_AGAIN_MS = 30_000;

type ReadDeps = Pick<ClaimDeps, "client" | "clock" | "logger">;

/**
 * The task as the server has it, however long the server is away. Undefined: it knows no such task. Any other refusal (keys
 * that are not taken for a while, say) is no answer about the task, and it is asked again.
 */
export async function readTask(task: string, deps: ReadDeps, signal: AbortSignal): Promise<Task | undefined> {
  return await untilAnswered((options) => deps.client.tasks.get(task as TaskId, options), { task }, deps, signal);
}

/** The task that was started by this claim, as its status message says; undefined: the server knows none. */
export async function readClaimedTask(claim: string, deps: ReadDeps, signal: AbortSignal): Promise<Task | undefined> {
  const query = { _any_: { fields: ["status_message"], pattern: `^claim ${claim}$` }, search_hidden: true };
  return (await untilAnswered((options) => deps.client.tasks.query(query, options), { claim }, deps, signal))?.[0];
}

async function untilAnswered<T>(
  ask: (options: CallOptions) => Promise<T>,
  about: object,
  { clock, logger }: ReadDeps,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (;;) {
    try {
      return await ask({ signal, retry: SCHEDULES.settle });
    } catch (error) {
      signal.throwIfAborted();
      if (isRefusal(error, 101)) return undefined;
      logger.warn({ err: error, ...about }, "a task that may be ours cannot be read; trying again");
      await clock.sleep(jittered(ASK_AGAIN_MS), signal);
    }
  }
}
