import type { Client } from "../agent/client.ts";
import type { TaskId } from "../api/wire/ids.ts";

const ENDED = new Set(["stopped", "closed", "failed", "completed", "publishing", "published"]);

/**
 * Stops a task, running or waiting. One that has ended is left as it is: the server would write a second end into its
 * record. Says what is true of it now.
 */
export async function stopTask(client: Client, task: TaskId): Promise<string> {
  const { status } = await client.tasks.get(task);
  if (ENDED.has(status)) return `is already ${status}`;
  const { fields } = await client.tasks.setStatus("stop", task, { reason: "stopped from the command line", message: "" });
  return fields["status"] === "stopped" ? "stopped" : "is being stopped by its agent";
}
