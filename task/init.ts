import { hostname, userInfo } from "node:os";
import { ApiError } from "../api/api-error.ts";
import type { CallOptions } from "../api/session.ts";
import { codeOf, messageOf, WindlassError } from "../base/errors.ts";
import { QUICK } from "../base/retry.ts";
import type { Connection } from "./connection/connection.ts";
import { defaultConnection, isOfflineMode } from "./connection/default-connection.ts";
import type { TaskData } from "./data.ts";
import { taskToContinue, taskToReuse } from "./earlier-task.ts";
import { rememberTask } from "./last-tasks.ts";
import { OfflineConnection } from "./offline/offline-connection.ts";
import { remoteTask } from "./remote.ts";
import { tell } from "./tell.ts";
import { type WantedOptions, type WantedTask, wantedTask } from "./wanted-task.ts";

export interface BeginOptions extends WantedOptions {
  /** The draft of the last run of the same name is used again (true, the default), or the task of this id, or always a new one (false). */
  readonly reuseLastTaskId?: boolean | string;
  /** Goes on with the last task (true) or the one of this id, behind its last iteration; a number is the iteration to go on at. */
  readonly continueLastTask?: boolean | string | number;
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
  const wanted = await wantedTask(connection, options, limits);
  const { continueLastTask: goesOn = false, reuseLastTaskId: reuse = true } = options;
  const earlier = goesOn === false ? undefined : await taskToContinue(connection, wanted, idIn(goesOn), limits);
  if (earlier !== undefined) return await goOn(connection, earlier, typeof goesOn === "number" ? goesOn : undefined, limits);
  const reused = reuse === false ? undefined : await taskToReuse(connection, wanted, idIn(reuse), limits);
  const task = reused ?? (await create(connection, wanted, limits));
  const [{ task: data }] = await Promise.all([
    connection.call<{ task: TaskData }>("tasks.get_by_id", { task }, limits),
    connection.call("tasks.started", { task, force: false }, limits),
  ]);
  if (!connection.isOffline) void rememberTask(wanted.key, task);
  return { connection, data: { ...data, status: "in_progress" }, offset: 0 };
}

const idIn = (choice: boolean | string | number): string | undefined => (typeof choice === "string" ? choice : undefined);

async function goOn(connection: Connection, task: string, at: number | undefined, limits: CallOptions): Promise<Begun> {
  const { task: data } = await connection.call<{ task: TaskData }>("tasks.get_by_id", { task }, limits);
  await connection.call("tasks.started", { task, force: true }, limits);
  const next = data.last_iteration ? data.last_iteration + 1 : 0;
  return { connection, data: { ...data, status: "in_progress" }, offset: at ?? next };
}

async function create(
  connection: Connection,
  { name, type, project, tags, destination }: WantedTask,
  limits: CallOptions,
): Promise<string> {
  const fields = {
    ...{ name, type, tags, system_tags: ["development"] },
    comment: `Auto-generated at ${new Date().toISOString().slice(0, 19).replace("T", " ")} UTC by ${userName()}@${hostname()}`,
    ...(project === undefined ? {} : { project }),
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

/** Whether an id was given that leads nowhere is the caller's to tell. */
export const noTask = (id: string): WindlassError => new WindlassError(`there is no task ${id}`, { code: "no-task" });
