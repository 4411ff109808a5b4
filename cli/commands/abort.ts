import { messageOf } from "../../base/errors.ts";
import { clientFromEnvironment } from "../client.ts";
import { findTask } from "../find-task.ts";

/** Stops each task; the exit code is 1 when one of them could not be stopped. */
export async function abortCommand(tasks: readonly string[]): Promise<number> {
  const client = await clientFromEnvironment();
  let code = 0;
  for (const text of tasks) {
    try {
      const task = await findTask(client, text);
      const { fields } = await client.session.call<{ fields: { status?: string } }>("tasks.stop", {
        task,
        status_reason: "stopped from the command line",
      });
      process.stdout.write(`${task} ${fields.status === "stopped" ? "stopped" : "is being stopped by its agent"}\n`);
    } catch (error) {
      code = 1;
      process.stderr.write(`windlass: ${text}: ${messageOf(error)}\n`);
    }
  }
  return code;
}
