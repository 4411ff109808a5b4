import { ensureProject } from "../api/projects.ts";
import type { Connection } from "./connection/connection.ts";
import type { TaskData } from "./data.ts";
import { isPlain } from "./parameters/flatten.ts";

/** A task as plain JSON: what another server needs to make it again. */
export type ExportedTask = Readonly<Record<string, unknown>>;

/** What belongs to a run and not to the task (task-class.md B14). */
const LEFT_OUT = ["last_metrics", "last_iteration", "status_changed", "status_reason", "status_message"];
/** What `tasks.edit` takes of a task. */
const KEPT = [
  "type",
  "name",
  "tags",
  "system_tags",
  "comment",
  "parent",
  "output_dest",
  "execution",
  "hyperparams",
  "configuration",
  "script",
  "container",
  "runtime",
];

export async function exportedTask(connection: Connection, data: TaskData): Promise<ExportedTask> {
  const { execution, ...rest } = Object.fromEntries(Object.entries(data).filter(([name]) => !LEFT_OUT.includes(name)));
  const { artifacts: _artifacts, model: _model, ...kept } = (execution ?? {}) as Record<string, unknown>;
  const project = data.project
    ? (await connection.call<{ project: { name: string } }>("projects.get_by_id", { project: data.project })).project.name
    : undefined;
  return { ...rest, execution: kept, ...(project === undefined ? {} : { project_name: project }), session_api_version: "2.23" };
}

/** Makes a task of exported data, or puts the data into one that is there: over all it has, or (`update`) into what it has. The id. */
export async function importedTask(connection: Connection, given: ExportedTask, target?: TaskData, update = false): Promise<string> {
  const destination = (given["output"] as TaskData["output"])?.destination;
  const data = destination === undefined ? given : { ...given, output_dest: destination };
  const task = target?.id ?? (await newTask(connection, data));
  const kept = Object.fromEntries(
    Object.entries(data).filter(([name, value]) => KEPT.includes(name) && value !== null && value !== undefined),
  );
  const fields =
    update && target !== undefined
      ? Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, mixed(target[name], value)]))
      : kept;
  await connection.call("tasks.edit", { task, force: true, ...fields });
  return task;
}

async function newTask(connection: Connection, { project_name: project, name, type }: ExportedTask): Promise<string> {
  const target = typeof project === "string" && project !== "" ? { project: await ensureProject(connection, project) } : {};
  return (await connection.call<{ id: string }>("tasks.create", { name, type: type ?? "training", ...target })).id;
}

const mixed = (below: unknown, above: unknown): unknown =>
  isPlain(below) && isPlain(above)
    ? { ...below, ...Object.fromEntries(Object.entries(above).map(([key, value]) => [key, mixed(below[key], value)])) }
    : above;
