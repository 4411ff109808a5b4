import { ApiError } from "../api/api-error.ts";
import { exactly } from "../api/projects.ts";
import type { CallOptions } from "../api/session.ts";
import type { Connection } from "./connection/connection.ts";
import { variable } from "./connection/settings.ts";
import type { TaskData } from "./data.ts";
import { lastTask } from "./last-tasks.ts";
import type { WantedTask } from "./wanted-task.ts";

/** The task that a program goes on with: of this id, else its last one, else the newest of its name; undefined: there is none. */
export async function taskToContinue(
  connection: Connection,
  wanted: WantedTask,
  id: string | undefined,
  limits: CallOptions,
): Promise<string | undefined> {
  return id ?? (await lastTask(wanted.key)) ?? (await newestOf(connection, wanted, limits));
}

async function newestOf(connection: Connection, { name, type, project }: WantedTask, limits: CallOptions): Promise<string | undefined> {
  const query = { name: exactly(name), type: [type], order_by: ["-last_update"], page: 0, page_size: 1, only_fields: ["id"] };
  const inProject = project === undefined ? {} : { project: [project] };
  const { tasks } = await connection.call<{ tasks: { id: string }[] }>("tasks.get_all", { ...query, ...inProject }, limits);
  return tasks[0]?.id;
}

/** The draft of the last run (or of this id) that left nothing behind, emptied (task-class.md B7); undefined: there is none. */
export async function taskToReuse(
  connection: Connection,
  wanted: WantedTask,
  id: string | undefined,
  limits: CallOptions,
): Promise<string | undefined> {
  if (connection.isOffline || /^(y|yes|t|true|on|1)$/i.test(variable("TASK_NO_REUSE") ?? "")) return undefined;
  const task = id ?? (await lastTask(wanted.key));
  if (task === undefined) return undefined;
  try {
    const { task: data } = await connection.call<{ task: TaskData }>("tasks.get_by_id", { task }, limits);
    if (!isReusable(data, wanted)) return undefined;
    await connection.call("tasks.reset", { task, force: false, clear_all: true }, limits);
    const emptied = { hyperparams: {}, configuration: {}, runtime: {}, tags: wanted.tags, output_dest: wanted.destination ?? "" };
    await connection.call("tasks.edit", { task, force: true, ...emptied }, limits);
    return task;
  } catch (error) {
    // Whatever the server has against it: then a new one is made.
    if (error instanceof ApiError && !error.retryable) return undefined;
    throw error;
  }
}

const IN_USE = ["published", "publishing", "closed", "in_progress", "queued"];

function isReusable(data: TaskData, { name, type, project }: WantedTask): boolean {
  const tags = data.system_tags ?? [];
  const isSame = data.name === name && data.type === type && (data.project ?? undefined) === project;
  const isBare = (data.models?.output ?? []).length === 0 && (data.execution?.artifacts ?? []).length === 0;
  return isSame && isBare && !IN_USE.includes(data.status) && tags.includes("development") && !tags.includes("archived");
}
