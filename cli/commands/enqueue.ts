import type { Client } from "../../agent/client.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { WindlassError } from "../../base/errors.ts";
import { type ChosenQueue, chooseQueue } from "../choose-queue.ts";
import { clientFromEnvironment } from "../client.ts";
import { findOneTask } from "../find-task.ts";
import { reportError } from "../report-error.ts";

export interface EnqueueFlags {
  readonly queue?: string;
  readonly createQueue?: boolean;
  /** Results of an earlier run are cleared first. */
  readonly reset?: boolean;
}

/** What can be put into a queue as it is; the rest has ended with results that a person may want to keep. */
const ENQUEUEABLE = new Set(["created", "queued", "stopped", "failed"]);

/** Puts tasks that exist into a queue; the exit code is 1 when one of them could not be. */
export async function enqueueCommand(tasks: readonly string[], flags: EnqueueFlags): Promise<number> {
  const client = await clientFromEnvironment();
  const queue = await chooseQueue(client, flags.queue, flags.createQueue === true);
  let code = 0;
  for (const text of tasks) {
    try {
      const task = await findOneTask(client, text);
      await enqueue(client, task, queue, flags.reset === true);
      process.stdout.write(`${task} queued in ${queue.name}\n`);
    } catch (error) {
      code = 1;
      reportError(error, text);
    }
  }
  return code;
}

async function enqueue(client: Client, task: TaskId, queue: ChosenQueue, reset: boolean): Promise<void> {
  const { status } = await client.tasks.get(task);
  if (status === "in_progress") throw new WindlassError("it runs", { code: "task-runs", hint: `windlass abort ${task} stops it.` });
  if (reset && status !== "created") await client.tasks.reset(task);
  else if (!ENQUEUEABLE.has(status)) {
    const hint = "--reset clears what that run left (console, results) and runs it again; a clone keeps it.";
    throw new WindlassError(`it has ended (${status})`, { code: "task-ended", hint });
  }
  await client.tasks.enqueue(task, { id: queue.id });
}
