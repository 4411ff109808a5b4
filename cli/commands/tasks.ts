import type { Client } from "../../agent/client.ts";
import type { Task } from "../../api/wire/task.ts";
import { clientFromEnvironment } from "../client.ts";
import { projectNames, queueText } from "../references.ts";
import { ago, table } from "../style.ts";

const FIELDS = ["id", "name", "type", "status", "status_reason", "last_update", "last_worker", "project", "execution.queue"];
/** Ids take 32 columns: a narrow terminal has no room for where a task belongs. */
const WIDE_COLUMNS = 120;

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
  else process.stdout.write(await tableOf(client, tasks));
}

async function tableOf(client: Client, tasks: readonly Task[]): Promise<string> {
  const isWide = process.stdout.isTTY !== true || process.stdout.columns >= WIDE_COLUMNS;
  const places = isWide ? await placesOf(client, tasks) : undefined;
  const heads = ["TASK", "STATUS", ...(isWide ? ["QUEUE", "PROJECT"] : []), "CHANGED", "NAME", "REASON"];
  const rows = tasks.map((task) => [
    task.id,
    task.status,
    ...(places?.(task) ?? []),
    ago(task.last_update),
    task.name,
    task.status_reason === task.status ? "" : (task.status_reason ?? ""),
  ]);
  return table(heads, rows);
}

/** Queue and project of each. */
async function placesOf(client: Client, tasks: readonly Task[]): Promise<(task: Task) => string[]> {
  const [queues, projects] = await Promise.all([
    client.queues.all(),
    projectNames(
      client,
      tasks.map((task) => task.project),
    ),
  ]);
  return ({ id, execution, project }) => [queueText(queues, { id, queue: execution.queue }) ?? "-", projects.get(project ?? "") ?? "-"];
}
