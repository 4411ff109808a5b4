import { isRefusal } from "../api/api-error.ts";
import type { TaskId } from "../api/wire/ids.ts";
import type { Task } from "../api/wire/task.ts";
import { jittered } from "../base/clock.ts";
import type { ClaimDeps } from "./claim.ts";
import { SCHEDULES } from "./schedules.ts";

const ASK_AGAIN_MS = 30_000;

/**
 * The task as the server has it, however long the server is away. Undefined: it knows no such task. Any other refusal (keys
 * that are not taken for a while, say) is no answer about the task, and it is asked again.
 */
export async function readTask(
  task: string,
  { client, clock, logger }: Pick<ClaimDeps, "client" | "clock" | "logger">,
  signal: AbortSignal,
): Promise<Task | undefined> {
  for (;;) {
    try {
      return await client.tasks.get(task as TaskId, { signal, retry: SCHEDULES.settle });
    } catch (error) {
      signal.throwIfAborted();
      if (isRefusal(error, 101)) return undefined;
      logger.warn({ err: error, task }, "a task that may be ours cannot be read; trying again");
      await clock.sleep(jittered(ASK_AGAIN_MS), signal);
    }
  }
}
