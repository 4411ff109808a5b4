import { ensureProject, exactly } from "../api/projects.ts";
import type { CallOptions } from "../api/session.ts";
import type { Connection } from "./connection/connection.ts";
import { variable } from "./connection/settings.ts";
import type { TaskType } from "./data.ts";
import { taskKey } from "./last-tasks.ts";

export interface WantedOptions {
  /** Full name, with those above it; made when there is none. No project by default. */
  readonly projectName?: string;
  /** The name of the entry point by default. */
  readonly taskName?: string;
  /** `training` by default. */
  readonly taskType?: TaskType;
  readonly tags?: readonly string[];
  /** Where artifacts and models go: a folder, or true or an address for the file server. */
  readonly outputUri?: string | boolean;
}

/** The task that a program asks for, with what is found out about it before there is one. */
export interface WantedTask {
  readonly name: string;
  readonly type: TaskType;
  /** Id. */
  readonly project: string | undefined;
  readonly tags: readonly string[];
  /** Where its files go; undefined: the file server. */
  readonly destination: string | undefined;
  /** What tells it apart among the tasks of this user. */
  readonly key: string;
}

interface FoundProject {
  readonly id: string;
  readonly default_output_destination?: string;
}

export async function wantedTask(connection: Connection, options: WantedOptions, limits: CallOptions): Promise<WantedTask> {
  const { projectName, taskType: type = "training", tags = [] } = options;
  const name = options.taskName ?? process.argv[1]?.split(/[\\/]/).at(-1) ?? "program";
  const project = projectName === undefined ? undefined : await projectOf(connection, projectName, limits);
  const key = taskKey(connection.hosts.api, projectName ?? "", name, type);
  return { name, type, tags, key, project: project?.id, destination: destinationOf(connection, options, project) };
}

/** In one call where there is one of that name; else it is made. */
async function projectOf(connection: Connection, name: string, limits: CallOptions): Promise<FoundProject> {
  const query = { name: exactly(name), only_fields: ["id", "name", "default_output_destination"], search_hidden: true };
  const { projects } = await connection.call<{ projects: (FoundProject & { name: string })[] }>("projects.get_all", query, limits);
  return projects.find((project) => project.name === name) ?? { id: await ensureProject(connection, name, limits) };
}

/** What the program says, else the environment, else the project. */
function destinationOf(connection: Connection, { outputUri }: WantedOptions, project: FoundProject | undefined): string | undefined {
  if (outputUri === true) return connection.hosts.files;
  if (outputUri === false) return undefined;
  return outputUri ?? variable("DEFAULT_OUTPUT_URI") ?? (project?.default_output_destination || undefined);
}
