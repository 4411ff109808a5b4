import { clientFromEnvironment } from "../client.ts";
import { findOneTask } from "../find-task.ts";
import { reportError } from "../report-error.ts";
import { stopTask } from "../stop-task.ts";

/** Stops each task; the exit code is 1 when one of them could not be stopped. One that has ended already is no failure. */
export async function abortCommand(tasks: readonly string[]): Promise<number> {
  const client = await clientFromEnvironment();
  let code = 0;
  for (const text of tasks) {
    try {
      const task = await findOneTask(client, text, ["queued", "in_progress"]);
      process.stdout.write(`${task} ${await stopTask(client, task)}\n`);
    } catch (error) {
      code = 1;
      reportError(error, text);
    }
  }
  return code;
}
