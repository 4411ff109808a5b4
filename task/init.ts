import { hostname, userInfo } from "node:os";
import { ApiError } from "../api/api-error.ts";
import { ensureProject, exactly } from "../api/projects.ts";
import type { CallOptions } from "../api/session.ts";
import { codeOf, messageOf, WindlassError } from "../base/errors.ts";
import { QUICK } from "../base/retry.ts";
import type { Connection } from "./connection/connection.ts";
import { defaultConnection, isOfflineMode } from "./connection/default-connection.ts";
import { variable } from "./connection/settings.ts";
import type { TaskData, TaskType } from "./data.ts";
import { lastTask, rememberTask, taskKey } from "./last-tasks.ts";
import { OfflineConnection } from "./offline/offline-connection.ts";
import { remoteTask } from "./remote.ts";
import { tell } from "./tell.ts";

export interface BeginOptions {
  /** Full name, with those above it; made when there is none. No project by default. */
  readonly projectName?: string;
  /** The name of the entry point by default. */
  readonly taskName?: string;
  /** `training` by default. */
  readonly taskType?: TaskType;
  readonly tags?: readonly string[];
  /** The draft of the last run of the same name is used again (true, the default), or the task of this id, or always a new one (false). */
  readonly reuseLastTaskId?: boolean | string;
  /** Goes on with the last task (true) or the one of this id, behind its last iteration; a number is the iteration to go on at. */
  readonly continueLastTask?: boolean | string | number;
  /** Where artifacts and models go: a folder, or true or an address for the file server. */
  readonly outputUri?: string | boolean;
  /** How long the server may take for all of this, in ms; 10,000 by default. Then the program goes on and its task is recorded offline. */
  readonly timeoutMs?: number;
}

/** The task that this process records, as it stands at the start. */
export interface Begun {
  readonly connection: Connection;
  readonly data: TaskData;
  /** Added to iterations. */
  readonly offset: number;
}

const TIMEOUT_MS = 10_000;

/** Finds or makes the task of this process and says that it runs. What keeps a server from answering is told in a line, and the task is recorded offline. */
export async function begin(options: BeginOptions): Promise<Begun> {
  const remote = remoteTask();
  if (remote !== undefined) return await beginRemote(await defaultConnection(), remote);
  if (isOfflineMode()) return await beginOffline(options);
  try {
    const limits = { retry: QUICK, signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS) };
    return await beginLocal(await defaultConnection(), options, limits);
  } catch (error) {
    if (!isAway(error)) throw error;
    const begun = await beginOffline(options);
    tell(`${whyAway(error)}: the task is recorded in ${folderOf(begun.connection)}, and Task.importOfflineSession brings it to a server`);
    return begun;
  }
}

/** A mistake of the program is an error; that there is no server for it is none. */
const isAway = (error: unknown): boolean =>
  (error instanceof ApiError && error.mayPass) || codeOf(error) === "not-configured" || (error as Error).name === "TimeoutError";

const whyAway = (error: unknown): string =>
  (error as Error).name === "TimeoutError" ? "the server takes too long to answer" : messageOf(error);

const folderOf = (connection: Connection): string => (connection instanceof OfflineConnection ? connection.folder.path : "");

async function beginOffline(options: BeginOptions): Promise<Begun> {
  return await beginLocal(new OfflineConnection(), { ...options, reuseLastTaskId: false, continueLastTask: false }, {});
}

/** Under an agent: the task is there, and so are its parameters. Iterations go on where an earlier run of it stopped. */
async function beginRemote(connection: Connection, task: string): Promise<Begun> {
  const { task: data } = await connection.call<{ task: TaskData }>("tasks.get_by_id", { task });
  await connection.call("tasks.started", { task, force: false });
  return { connection, data: { ...data, status: "in_progress" }, offset: data.last_iteration ? data.last_iteration + 1 : 0 };
}

async function beginLocal(connection: Connection, options: BeginOptions, limits: CallOptions): Promise<Begun> {
  const project = options.projectName === undefined ? undefined : await projectOf(connection, options.projectName, limits);
  const continued = await goOn(connection, options, project, limits);
  if (continued !== undefined) return continued;
  const task = (await usedAgain(connection, options, project, limits)) ?? (await create(connection, options, project, limits));
  const [{ task: data }] = await Promise.all([
    connection.call<{ task: TaskData }>("tasks.get_by_id", { task }, limits),
    connection.call("tasks.started", { task, force: false }, limits),
  ]);
  if (!connection.isOffline) void rememberTask(keyOf(connection, options), task);
  return { connection, data: { ...data, status: "in_progress" }, offset: 0 };
}

/** A project, and where its tasks' files go unless they say otherwise. */
interface TargetProject {
  readonly id: string;
  readonly default_output_destination?: string;
}

/** In one call where there is one of that name; else it is made. */
async function projectOf(connection: Connection, name: string, limits: CallOptions): Promise<TargetProject> {
  const query = { name: exactly(name), only_fields: ["id", "name", "default_output_destination"], search_hidden: true };
  const { projects } = await connection.call<{ projects: (TargetProject & { name: string })[] }>("projects.get_all", query, limits);
  return projects.find((project) => project.name === name) ?? { id: await ensureProject(connection, name, limits) };
}

const nameOf = ({ taskName }: BeginOptions): string => taskName ?? process.argv[1]?.split(/[\\/]/).at(-1) ?? "program";
const typeOf = ({ taskType }: BeginOptions): TaskType => taskType ?? "training";

function keyOf(connection: Connection, options: BeginOptions): string {
  return taskKey(connection.hosts.api, options.projectName ?? "", nameOf(options), typeOf(options));
}

async function create(
  connection: Connection,
  options: BeginOptions,
  project: TargetProject | undefined,
  limits: CallOptions,
): Promise<string> {
  const destination = outputOf(connection, options, project);
  const fields = {
    name: nameOf(options),
    type: typeOf(options),
    comment: `Auto-generated at ${new Date().toISOString().slice(0, 19).replace("T", " ")} UTC by ${userName()}@${hostname()}`,
    ...(project === undefined ? {} : { project: project.id }),
    tags: options.tags ?? [],
    system_tags: ["development"],
    ...(destination === undefined ? {} : { output_dest: destination }),
  };
  return (await connection.call<{ id: string }>("tasks.create", fields, limits)).id;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "somebody");
  }
}

/** What the program says, else the environment, else the project. */
function outputOf(connection: Connection, { outputUri }: BeginOptions, project: TargetProject | undefined): string | undefined {
  if (outputUri === true) return connection.hosts.files;
  if (outputUri === false) return undefined;
  return outputUri ?? variable("DEFAULT_OUTPUT_URI") ?? (project?.default_output_destination || undefined);
}

/** The earlier task, running again; undefined: none is to be gone on with. */
async function goOn(
  connection: Connection,
  options: BeginOptions,
  project: TargetProject | undefined,
  limits: CallOptions,
): Promise<Begun | undefined> {
  const { continueLastTask: asked = false } = options;
  if (asked === false) return undefined;
  const task =
    typeof asked === "string"
      ? asked
      : ((await lastTask(keyOf(connection, options))) ?? (await newestOf(connection, options, project, limits)));
  if (task === undefined) return undefined;
  const { task: data } = await connection.call<{ task: TaskData }>("tasks.get_by_id", { task }, limits);
  await connection.call("tasks.started", { task, force: true }, limits);
  const next = data.last_iteration ? data.last_iteration + 1 : 0;
  return { connection, data: { ...data, status: "in_progress" }, offset: typeof asked === "number" ? asked : next };
}

async function newestOf(
  connection: Connection,
  options: BeginOptions,
  project: TargetProject | undefined,
  limits: CallOptions,
): Promise<string | undefined> {
  const query = {
    name: nameOf(options),
    type: [typeOf(options)],
    order_by: ["-last_update"],
    page: 0,
    page_size: 20,
    only_fields: ["id", "name"],
  };
  const { tasks } = await connection.call<{ tasks: { id: string; name: string }[] }>(
    "tasks.get_all",
    { ...query, ...(project === undefined ? {} : { project: [project.id] }) },
    limits,
  );
  return tasks.find(({ name }) => name === nameOf(options))?.id;
}

/** A draft of the same name that left nothing behind is emptied and used again (task-class.md B7); undefined: there is none. */
async function usedAgain(
  connection: Connection,
  options: BeginOptions,
  project: TargetProject | undefined,
  limits: CallOptions,
): Promise<string | undefined> {
  const { reuseLastTaskId = true } = options;
  if (reuseLastTaskId === false || connection.isOffline || /^(y|yes|t|true|on|1)$/i.test(variable("TASK_NO_REUSE") ?? "")) return undefined;
  const task = typeof reuseLastTaskId === "string" ? reuseLastTaskId : await lastTask(keyOf(connection, options));
  if (task === undefined) return undefined;
  try {
    const { task: data } = await connection.call<{ task: TaskData }>("tasks.get_by_id", { task }, limits);
    if (!isReusable(data, options, project)) return undefined;
    await connection.call("tasks.reset", { task, force: false, clear_all: true }, limits);
    const destination = outputOf(connection, options, project);
    const emptied = { hyperparams: {}, configuration: {}, runtime: {}, tags: options.tags ?? [], output_dest: destination ?? "" };
    await connection.call("tasks.edit", { task, force: true, ...emptied }, limits);
    return task;
  } catch (error) {
    if (error instanceof ApiError && !error.retryable) return undefined;
    throw error;
  }
}

function isReusable(data: TaskData, options: BeginOptions, project: TargetProject | undefined): boolean {
  const tags = data.system_tags ?? [];
  return (
    data.name === nameOf(options) &&
    data.type === typeOf(options) &&
    (project === undefined || data.project === project.id) &&
    !["published", "publishing", "closed", "in_progress", "queued"].includes(data.status) &&
    tags.includes("development") &&
    !tags.includes("archived") &&
    (data.models?.output ?? []).length === 0 &&
    (data.execution?.artifacts ?? []).length === 0
  );
}

/** Whether an id was given that leads nowhere is the caller's to tell. */
export const noTask = (id: string): WindlassError => new WindlassError(`there is no task ${id}`, { code: "no-task" });
