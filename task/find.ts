import { ApiError } from "../api/api-error.ts";
import { exactly } from "../api/projects.ts";
import type { Connection } from "./connection/connection.ts";
import type { TaskData } from "./data.ts";

export interface FindOptions {
  /** Exact; with those above it. */
  readonly projectName?: string;
  /** Exact for one task; for many a regular expression that the name has to hold. */
  readonly taskName?: string;
  /** One of them, all of them, and not `-one`: by the server's own words. */
  readonly tags?: readonly string[];
  /** True by default. */
  readonly allowArchived?: boolean;
  /** More conditions in the words of `tasks.get_all` (clearml-api.md 4.4). */
  readonly taskFilter?: object;
}

export interface Project {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly last_update?: string;
}

const PAGE = 500;
const HIDDEN = { search_hidden: true };

/** The task of an id; undefined when there is none. */
export async function taskById(connection: Connection, task: string): Promise<TaskData | undefined> {
  try {
    return (await connection.call<{ task: TaskData }>("tasks.get_by_id", { task })).task;
  } catch (error) {
    if (error instanceof ApiError && error.status === 400 && error.subcode === 101) return undefined;
    throw error;
  }
}

/** The newest task of exactly that name; one that is not archived before one that is. */
export async function taskByName(connection: Connection, options: FindOptions): Promise<TaskData | undefined> {
  const query = { ...conditionsOf(options), ...(options.taskName === undefined ? {} : { name: exactly(options.taskName) }) };
  const found = await inProjects(connection, query, options.projectName === undefined ? undefined : [options.projectName], exactly);
  const isArchived = (task: TaskData): boolean => task.system_tags?.includes("archived") === true;
  return found.find((task) => !isArchived(task)) ?? found[0];
}

/** Tasks by ids, in their order, or by names, the newest first; 500 at most. */
export async function tasksBy(
  connection: Connection,
  options: FindOptions & { readonly taskIds?: readonly string[]; readonly projectNames?: readonly string[] },
): Promise<TaskData[]> {
  if (options.taskIds !== undefined) {
    const { tasks } = await connection.call<{ tasks: TaskData[] }>("tasks.get_all", {
      id: options.taskIds,
      ...conditionsOf(options),
      ...HIDDEN,
    });
    return options.taskIds.flatMap((id) => tasks.filter((task) => task.id === id));
  }
  const query = { ...conditionsOf(options), ...(options.taskName === undefined ? {} : { name: options.taskName }) };
  return await inProjects(connection, query, options.projectNames, (name) => name);
}

async function inProjects(
  connection: Connection,
  query: object,
  names: readonly string[] | undefined,
  pattern: (name: string) => string,
): Promise<TaskData[]> {
  const found = await Promise.all((names ?? []).map(async (name) => await projects(connection, { name: pattern(name), ...HIDDEN })));
  const ids = found.flat().map(({ id }) => id);
  if (names !== undefined && ids.length === 0) return [];
  const body = {
    ...(names === undefined ? {} : { project: ids }),
    order_by: ["-last_update"],
    page: 0,
    page_size: PAGE,
    ...HIDDEN,
    ...query,
  };
  return (await connection.call<{ tasks: TaskData[] }>("tasks.get_all", body)).tasks;
}

function conditionsOf({ tags, allowArchived = true, taskFilter }: FindOptions): object {
  return {
    ...(tags === undefined ? {} : { tags }),
    ...(allowArchived ? {} : { system_tags: ["-archived"] }),
    ...taskFilter,
  };
}

/** Every project that the query matches. */
export async function projects(connection: Connection, query: object = {}): Promise<Project[]> {
  const found: Project[] = [];
  for (let page = 0; ; page++) {
    const body = { order_by: ["last_update"], ...query, page, page_size: PAGE };
    const { projects: some } = await connection.call<{ projects: Project[] }>("projects.get_all", body);
    found.push(...some);
    if (some.length < PAGE) return found;
  }
}

/** Undefined: there is no project of exactly that name. */
export async function projectId(connection: Connection, name: string, searchHidden = true): Promise<string | undefined> {
  const found = await projects(connection, { name: exactly(name), search_hidden: searchHidden });
  return found.find((project) => project.name === name)?.id;
}
