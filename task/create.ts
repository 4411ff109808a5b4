import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { ensureProject } from "../api/projects.ts";
import { WindlassError } from "../base/errors.ts";
import type { Connection } from "./connection/connection.ts";
import type { ContainerData, ScriptData, TaskType } from "./data.ts";
import { itemOf } from "./parameters/items.ts";
import { programScript } from "./program/script.ts";

export interface CreateOptions {
  readonly projectName?: string;
  /** The name of the script by default. */
  readonly taskName?: string;
  readonly taskType?: TaskType;
  /** Address of a repository. Without it the script's own file says which it is, or is the whole program. */
  readonly repo?: string;
  readonly branch?: string;
  readonly commit?: string;
  /** Path of the entry point: in the repository, or of this machine. */
  readonly script?: string;
  /** What Python's `-m` and Node's `--import` style of entry names: stands as `-m MODULE`. */
  readonly module?: string;
  readonly workingDirectory?: string;
  /** What runs the script; by its ending by default: `node`, `python`, `/bin/bash`. */
  readonly binary?: string;
  /** Lines of packages: `name@version` for Node, `name==version` for Python. */
  readonly packages?: readonly string[];
  /** A file with such lines. */
  readonly requirementsFile?: string;
  readonly docker?: string;
  readonly dockerArgs?: string;
  readonly dockerBashSetupScript?: string;
  /** Arguments of the program, for its section `Args`. */
  readonly argparseArgs?: Readonly<Record<string, unknown>>;
  /** This task is cloned, and what is given here is put over it. */
  readonly baseTaskId?: string;
}

/** Makes a draft that runs a program; the id. */
export async function createTask(connection: Connection, options: CreateOptions): Promise<string> {
  if (options.script !== undefined && options.module !== undefined)
    throw new WindlassError("script and module exclude each other", { code: "bad-options" });
  const task = await draftOf(connection, options);
  const fields = await fieldsOf(options);
  if (Object.keys(fields).length > 0) await connection.call("tasks.edit", { task, force: true, ...fields });
  const items = Object.entries(options.argparseArgs ?? {}).map(([name, value]) => ({ ...itemOf("Args", name, value), type: "str" }));
  if (items.length > 0) await connection.call("tasks.edit_hyper_params", { task, hyperparams: items, replace_hyperparams: "none" });
  return task;
}

async function draftOf(connection: Connection, options: CreateOptions): Promise<string> {
  const project = options.projectName === undefined ? {} : { id: await ensureProject(connection, options.projectName) };
  if (options.baseTaskId !== undefined) {
    const fields = {
      task: options.baseTaskId,
      ...(options.taskName === undefined ? {} : { new_task_name: options.taskName }),
      ...("id" in project ? { new_task_project: project.id } : {}),
    };
    return (await connection.call<{ id: string }>("tasks.clone", fields)).id;
  }
  const name = options.taskName ?? basename(options.script ?? options.module ?? "task");
  const type = options.taskType ?? "training";
  return (await connection.call<{ id: string }>("tasks.create", { name, type, ...("id" in project ? { project: project.id } : {}) })).id;
}

async function fieldsOf(options: CreateOptions): Promise<object> {
  const script = await scriptOf(options);
  const container = containerOf(options);
  return {
    ...(script === undefined ? {} : { script }),
    ...(container === undefined ? {} : { container }),
  };
}

/** Undefined: nothing is said of the code, and a clone keeps its own. */
async function scriptOf(options: CreateOptions): Promise<ScriptData | undefined> {
  const { repo, branch, commit, script, module, workingDirectory } = options;
  if (repo === undefined && script === undefined && module === undefined) return await requirementsOf(options, "node");
  const binary = options.binary ?? binaryOf(script);
  const entry = module === undefined ? script : `-m ${module}`;
  const written =
    repo === undefined ? await programScript(script) : { repository: repo, branch: branch ?? "", version_num: commit ?? "", diff: "" };
  return {
    ...written,
    binary,
    working_dir: workingDirectory ?? (repo === undefined ? (written as ScriptData).working_dir : undefined) ?? ".",
    entry_point: repo === undefined && module === undefined ? ((written as ScriptData).entry_point ?? "") : (entry ?? ""),
    ...(await requirementsOf(options, binary)),
  };
}

function binaryOf(script = ""): string {
  if (/\.py$/.test(script)) return "python";
  return /\.(sh|bash)$/.test(script) ? "/bin/bash" : "node";
}

async function requirementsOf(
  { packages, requirementsFile }: CreateOptions,
  binary: string,
): Promise<{ requirements?: Record<string, string> } | undefined> {
  const lines = requirementsFile === undefined ? [] : [await readFile(requirementsFile, "utf8")];
  const text = [...lines, ...(packages ?? [])].join("\n");
  return text === "" ? undefined : { requirements: { [/python/.test(binary) ? "pip" : "npm"]: text } };
}

function containerOf({ docker, dockerArgs, dockerBashSetupScript }: CreateOptions): ContainerData | undefined {
  if (docker === undefined && dockerArgs === undefined && dockerBashSetupScript === undefined) return undefined;
  return { image: docker ?? "", arguments: dockerArgs ?? "", setup_shell_script: dockerBashSetupScript ?? "" };
}
