import { WindlassError } from "../base/errors.ts";
import { defaultConnection, setOfflineMode } from "./connection/default-connection.ts";
import { type CreateOptions, createTask } from "./create.ts";
import { type ExportedTask, exportedTask, importedTask } from "./exchange.ts";
import { type FindOptions, taskById, taskByName, tasksBy } from "./find.ts";
import { functionOf, itemsOfCall, parametersOfCall } from "./functions.ts";
import { type BeginOptions, begin, noTask } from "./init.ts";
import { BesideTask, idOf } from "./members/beside.ts";
import type { RecordOptions } from "./members/lifecycle.ts";
import { importSession } from "./offline/import-session.ts";
import { OfflineConnection } from "./offline/offline-connection.ts";
import { OpenedSession } from "./offline/opened-session.ts";
import { enqueue } from "./queueing.ts";
import { remoteTask, simulateRemote } from "./remote.ts";
import { tell } from "./tell.ts";

export type InitOptions = BeginOptions & RecordOptions;

export interface CloneOptions {
  /** The task that is cloned, or its id. */
  readonly sourceTask: string | Task;
  readonly name?: string;
  readonly comment?: string;
  /** Id; by default the parent of the source, or the source itself. */
  readonly parent?: string;
  /** Id of the project; that of the source by default. */
  readonly project?: string;
}

export interface RemoteOptions {
  readonly queueName?: string;
  readonly clone?: boolean;
  readonly exitProcess?: boolean;
}

let main: Task | undefined;
let beginning: Promise<Task> | undefined;

/** A task of a ClearML server: the one that this program records, or any other. `docs/task.md` has every member with what it does. */
export class Task extends BesideTask {
  readonly #functions = new Set<string>();

  /**
   * Begins to record this program: makes a task (or uses the last draft of that name again), or takes the one that an agent runs it
   * for. From then on the console, uncaught errors, figures of the machine and the way in which the program ends are the task's.
   * A second call gives the same task.
   */
  static async init(options: InitOptions = {}): Promise<Task> {
    if (main !== undefined) return main;
    beginning ??= Task.#begin(options).finally(() => {
      beginning = undefined;
    });
    return await beginning;
  }

  static async #begin(options: InitOptions): Promise<Task> {
    const { connection, data, offset } = await begin(options);
    const task = new Task(connection, data);
    task.setInitialIteration(offset);
    task.record(options, Task.monitorTiming);
    main = task;
    return task;
  }

  /** The task that this program records; undefined before `init` and after `close`. */
  static currentTask(): Task | undefined {
    return main;
  }

  /** Makes a draft that runs a program of a repository, or of a single file. */
  static async create(options: CreateOptions = {}): Promise<Task> {
    const connection = await defaultConnection();
    return await Task.#of(await createTask(connection, options));
  }

  /** One task, by its id, or the newest of exactly this name; undefined when there is none. */
  static async getTask(options: FindOptions & { readonly taskId?: string }): Promise<Task | undefined> {
    const connection = await defaultConnection();
    const found = options.taskId === undefined ? await taskByName(connection, options) : await taskById(connection, options.taskId);
    return found === undefined ? undefined : new Task(connection, found);
  }

  /** Tasks by their ids, or by projects, a regular expression for the name, tags and any condition of `tasks.get_all`; 500 at most. */
  static async getTasks(
    options: Omit<FindOptions, "projectName"> & {
      readonly taskIds?: readonly string[];
      readonly projectName?: string | readonly string[];
    } = {},
  ): Promise<Task[]> {
    const connection = await defaultConnection();
    const { projectName, ...rest } = options;
    const projectNames = projectName === undefined ? {} : { projectNames: typeof projectName === "string" ? [projectName] : projectName };
    return (await tasksBy(connection, { ...rest, ...projectNames })).map((data) => new Task(connection, data));
  }

  /** A draft like another task. */
  static async clone({ sourceTask, name, comment, parent, project }: CloneOptions): Promise<Task> {
    const connection = await defaultConnection();
    const source = typeof sourceTask === "string" ? await Task.#of(sourceTask) : sourceTask;
    const fields = {
      task: source.id,
      new_task_parent: parent ?? source.parent ?? source.id,
      ...(name === undefined ? {} : { new_task_name: name }),
      ...(comment === undefined ? {} : { new_task_comment: comment }),
      ...(project === undefined ? {} : { new_task_project: project }),
    };
    return await Task.#of((await connection.call<{ id: string }>("tasks.clone", fields)).id);
  }

  /** Lets this process behave as if an agent ran it for a task, and yet tell its console and its end itself. Before `init`. */
  static async debugSimulateRemoteTask(taskId: string, { resetTask = false }: { readonly resetTask?: boolean } = {}): Promise<void> {
    const task = await Task.#of(taskId);
    if (resetTask) await task.reset({ force: true });
    simulateRemote(taskId);
  }

  /** From now on nothing is said to a server, and `init` records into a folder. Has no effect under an agent. */
  static setOffline(offlineMode: boolean): void {
    if (remoteTask() !== undefined) return;
    if (!offlineMode && main?.isOfflineTask === true)
      throw new WindlassError("the program's task is recorded offline", { code: "offline", hint: "Close it first." });
    setOfflineMode(offlineMode);
  }

  /** Makes a task of what `exportTask` gave, or puts it into `targetTask`: instead of what it has, or (`update`) into that. */
  static async importTask(
    taskData: ExportedTask,
    { targetTask, update = false }: { readonly targetTask?: string | Task; readonly update?: boolean } = {},
  ): Promise<Task> {
    const connection = await defaultConnection();
    const target = targetTask === undefined ? undefined : (await Task.#of(idOf(targetTask))).data;
    return await Task.#of(await importedTask(connection, taskData, target, update));
  }

  /**
   * Makes a task of an offline session, of this class or of the official SDK: a folder or its zip. With `previousTaskId` it goes to the
   * end of that task instead, its iterations moved by `iterationOffset`. Resolves with the task's id.
   */
  static async importOfflineSession(
    session: string,
    { previousTaskId, iterationOffset = 0 }: { readonly previousTaskId?: string; readonly iterationOffset?: number } = {},
  ): Promise<string> {
    const connection = await defaultConnection();
    await using opened = await OpenedSession.open(session);
    const { execution, ...data } = opened.task;
    const { artifacts: _artifacts, ...kept } = (execution ?? {}) as Record<string, unknown>;
    const task = await Task.#of(previousTaskId ?? (await importedTask(connection, { ...data, execution: kept })));
    await task.started({ force: true });
    const store = async (path: string, file: string): Promise<string> => await task.storeFile(path, file);
    await importSession(opened, { id: task.id, connection, store }, iterationOffset);
    const end = data["status"] === "failed" || data["status"] === "stopped" ? data["status"] : "completed";
    await connection.call(`tasks.${end}`, { task: task.id, force: true, status_reason: "imported offline session" });
    return task.id;
  }

  static async #of(id: string): Promise<Task> {
    const connection = await defaultConnection();
    const data = await taskById(connection, id);
    if (data === undefined) throw noTask(id);
    return new Task(connection, data);
  }

  /** Whether this is the task that the program records. */
  isMainTask(): boolean {
    return main === this;
  }

  /** @deprecated as in the official SDK: the same as `isMainTask`. */
  isCurrentTask(): boolean {
    return this.isMainTask();
  }

  override async close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    if (main === this) main = undefined;
    await super.close(options);
  }

  /** Everything of the task but its outputs, as plain JSON. */
  async exportTask(): Promise<ExportedTask> {
    await this.reload();
    return await exportedTask(this.connection, this.data);
  }

  /** Puts data of another task, or parts of it, into this one. */
  async updateTask(taskData: ExportedTask): Promise<void> {
    await importedTask(this.connection, taskData, this.data, true);
    await this.reload();
  }

  /**
   * Sends this program to a queue and ends it here: an agent begins it anew, and there this call does nothing. With `clone` a copy goes
   * to the queue, and with `exitProcess: false` this one goes on; the copy is returned. Without a queue the task becomes a draft.
   */
  async executeRemotely({ queueName, clone = false, exitProcess = true }: RemoteOptions = {}): Promise<Task | undefined> {
    if (remoteTask() !== undefined) return undefined;
    if (!clone && !exitProcess && this.isMainTask())
      throw new WindlassError("a task that is not cloned cannot run here and there", {
        code: "bad-options",
        hint: "Give clone or exitProcess.",
      });
    const target = clone ? await this.#copy() : this;
    if (!clone && this.isMainTask()) await this.close();
    if (!clone && this.status !== "created") await target.stopped({ force: true });
    if (queueName === undefined) await target.#becomeDraft();
    else await enqueue(this.connection, target.id, { queueName });
    tell(`the task ${target.id} is ${queueName === undefined ? "a draft" : `in the queue ${queueName}`}: ${target.getOutputLogWebPage()}`);
    if (exitProcess) process.exit(0);
    return target;
  }

  /**
   * Makes a task that runs one function of this program: a copy of this task whose run gets to the same call, and there calls `work` with
   * the task's parameters and ends. The caller enqueues it. Resolves with undefined where another function is to run.
   */
  async createFunctionTask<P extends Readonly<Record<string, unknown>>>(
    name: string,
    work: (parameters: P) => unknown,
    { taskName, parameters = {} as P }: { readonly taskName?: string; readonly parameters?: P } = {},
  ): Promise<Task | undefined> {
    const wanted = remoteTask() === this.id ? functionOf(this.sections) : undefined;
    if (wanted !== undefined && wanted !== name) return undefined;
    if (wanted === name) {
      await work(parametersOfCall(this.sections, parameters));
      await this.flush();
      process.exit(0);
    }
    if (this.#functions.has(name)) throw new WindlassError(`there is a task of the function ${name} already`, { code: "bad-options" });
    this.#functions.add(name);
    const task = await this.#copy(taskName ?? `${this.name} ${name}`);
    await task.edit({ system_tags: [...new Set([...(task.data.system_tags ?? []), "func"])] });
    await this.connection.call("tasks.edit_hyper_params", {
      task: task.id,
      hyperparams: itemsOfCall(name, parameters),
      replace_hyperparams: "none",
    });
    await task.reload();
    return task;
  }

  /** The folder that this task is recorded in; undefined for one of a server. */
  getOfflineModeFolder(): string | undefined {
    return this.connection instanceof OfflineConnection ? this.connection.folder.path : undefined;
  }

  /** With the code of this program, which is found out first. */
  async #copy(name?: string): Promise<Task> {
    await this.described();
    await this.flush();
    return await Task.clone({ sourceTask: this, ...(name === undefined ? {} : { name }) });
  }

  async #becomeDraft(): Promise<void> {
    await this.edit({ system_tags: (this.data.system_tags ?? []).filter((tag) => tag !== "development") });
    await this.reset({ force: true });
  }

  /** Whether it lives in a folder instead of at a server. */
  get isOfflineTask(): boolean {
    return this.connection.isOffline;
  }
}
