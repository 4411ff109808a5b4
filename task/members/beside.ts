import { connectWith, defaultConnection, isOfflineMode } from "../connection/default-connection.ts";
import type { TaskData } from "../data.ts";
import { type Project, projectId, projects } from "../find.ts";
import { addPackage, freezePackages, ignorePackage } from "../program/requirements.ts";
import { dequeue, enqueue, type QueueChange, type QueueChoice } from "../queueing.ts";
import { remoteTask } from "../remote.ts";
import { MONITOR_TIMING, type MonitorTiming } from "../resources.ts";
import { LifecycleTask } from "./lifecycle.ts";

export interface CredentialOptions {
  readonly apiHost?: string;
  readonly webHost?: string;
  readonly filesHost?: string;
  readonly key?: string;
  readonly secret?: string;
}

/** What a program says before its task begins, and asks of the server beside it. */
export class BesideTask extends LifecycleTask {
  protected static monitorTiming: MonitorTiming = MONITOR_TIMING;

  /** Whether no agent runs this process. */
  static runningLocally(): boolean {
    return remoteTask() === undefined;
  }

  /** Whether nothing is said to a server. */
  static isOffline(): boolean {
    return isOfflineMode();
  }

  /** Where the server is and who we are there, for what is asked from now on; wins over environment and clearml.conf. */
  static setCredentials({ apiHost, webHost, filesHost, key, secret }: CredentialOptions): void {
    connectWith({ api: apiHost, web: webHost, files: filesHost, accessKey: key, secretKey: secret });
  }

  /** When figures of the machine begin, and over which axis they stand; before `init`. */
  static setResourceMonitorIterationTimeout(asked: Partial<MonitorTiming> = {}): void {
    BesideTask.monitorTiming = { ...MONITOR_TIMING, ...asked };
  }

  /** A package that the task needs beside those of package.json; without a version the installed one. Before `init`. */
  static addRequirements(packageName: string, packageVersion?: string): void {
    addPackage(packageName, packageVersion);
  }

  /** A package of package.json that the task does not need. Before `init`. */
  static ignoreRequirements(packageName: string): void {
    ignorePackage(packageName);
  }

  /** Records the lock file as it is, or another file, instead of the list of packages. Before `init`. */
  static forceRequirementsEnvFreeze({
    force = true,
    requirementsFile,
  }: {
    readonly force?: boolean;
    readonly requirementsFile?: string;
  } = {}): void {
    freezePackages(force, requirementsFile);
  }

  /** `tasks.get_all` as it is: the documents that a query of the server's own words finds (clearml-api.md 4.4). */
  static async getAll(query: object = {}): Promise<TaskData[]> {
    return (await (await defaultConnection()).call<{ tasks: TaskData[] }>("tasks.get_all", query)).tasks;
  }

  /** Every project, the one that was changed longest ago first. */
  static async getProjects(query: object = {}): Promise<Project[]> {
    return await projects(await defaultConnection(), query);
  }

  /** Undefined: there is no project of exactly that name. */
  static async getProjectId(
    projectName: string,
    { searchHidden = true }: { readonly searchHidden?: boolean } = {},
  ): Promise<string | undefined> {
    return await projectId(await defaultConnection(), projectName, searchHidden);
  }

  /** Puts a draft or a stopped task into a queue; with `force` also one that has ended, after a reset. */
  static async enqueue(task: string | { readonly id: string }, queue: QueueChoice & { readonly force?: boolean }): Promise<QueueChange> {
    return await enqueue(await defaultConnection(), idOf(task), queue, queue.force);
  }

  /** Takes a task off its queue; it is what it was before. */
  static async dequeue(task: string | { readonly id: string }): Promise<QueueChange> {
    return await dequeue(await defaultConnection(), idOf(task));
  }
}

/** Of a task, or of its id. */
export const idOf = (task: string | { readonly id: string }): string => (typeof task === "string" ? task : task.id);
