import { clientFromEnvironment } from "../client.ts";
import { ago, table } from "../style.ts";

const FIELDS = ["id", "name", "type", "status", "status_reason", "last_update", "last_worker"];

export async function tasksCommand(flags: { status?: readonly string[]; limit: number; json?: boolean }): Promise<void> {
  const client = await clientFromEnvironment();
  const query = {
    only_fields: FIELDS,
    order_by: ["-last_update"],
    page: 0,
    page_size: flags.limit,
    ...(flags.status === undefined ? {} : { status: flags.status }),
  };
  const tasks = await client.tasks.query(query);
  if (flags.json === true) process.stdout.write(`${JSON.stringify(tasks, null, 2)}\n`);
  else
    process.stdout.write(
      table(
        ["TASK", "STATUS", "CHANGED", "NAME", "REASON"],
        tasks.map((task) => [task.id, task.status, ago(task.last_update), task.name, task.status_reason ?? ""]),
      ),
    );
}
