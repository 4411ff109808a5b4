import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Parameters, Task } from "../../api/wire/task.ts";
import type { ParameterMode } from "../settings.ts";
import type { Source } from "../source/source.ts";
import { refuseUnfit } from "../words-of-task.ts";

/** How the parameters of this run reach its program, and why this way. */
export interface ParameterRoute {
  readonly mode: "sdk" | "arguments";
  readonly why: string;
}

/** Section of hyper-parameters in which a task speaks to the agent: `parameters`, `time_limit`. */
export const AGENT_SECTION = "Windlass";

/** A task's own wish, else the agent's setting, else by looking whether the code uses the SDK. */
export async function parameterRoute(task: Task, source: Source, setting: ParameterMode): Promise<ParameterRoute> {
  const wish = agentParameter(task, "parameters");
  if (wish === "sdk" || wish === "arguments") return { mode: wish, why: "the task says so" };
  if (setting !== "auto") return { mode: setting, why: "the agent's configuration says so" };
  const file = await firstWithSdk(source);
  if (file !== undefined) return { mode: "sdk", why: `${file} imports the ClearML SDK` };
  return { mode: "arguments", why: "no module imports the ClearML SDK" };
}

export function agentParameter(task: Task, name: string): string | undefined {
  return task.hyperparams[AGENT_SECTION]?.[name]?.value;
}

const IMPORTS_SDK = /^[ \t]*(?:import|from)[ \t]+(?:clearml|trains)\b/m;
const SKIPPED = new Set([".git", "node_modules", "__pycache__", ".venv", "venv", ".tox"]);
/** A repository larger than this is not searched to its end. */
const MAX_FILES = 5_000;

async function firstWithSdk(source: Source): Promise<string | undefined> {
  const { entry } = source;
  const entryFile = entry.kind === "file" ? join(source.workingDir, entry.file) : undefined;
  if (entryFile !== undefined && (await importsSdk(source.workspace, entryFile))) return entryFile;
  let seen = 0;
  for await (const file of pythonFiles(source.workspace, "")) {
    if (++seen > MAX_FILES) return undefined;
    if (await importsSdk(source.workspace, file)) return file;
  }
  return undefined;
}

async function* pythonFiles(root: string, folder: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) yield* pythonFiles(root, join(folder, entry.name));
    else if (entry.isFile() && extname(entry.name) === ".py") yield join(folder, entry.name);
  }
}

async function importsSdk(root: string, file: string): Promise<boolean> {
  return IMPORTS_SDK.test(await readFile(join(root, file), "utf8").catch(() => ""));
}

/**
 * `Args/*` as command-line arguments: `--name=value`, `--name` alone where the value is empty. Names with a leading
 * underscore are the SDK's own marks. Throws RunError for one that is no argument.
 */
export function parameterArguments(parameters: Parameters): string[] {
  return Object.values(parameters["Args"] ?? {})
    .filter((parameter) => parameter.name !== undefined && !parameter.name.startsWith("_"))
    .map(({ name, value }) => fitting(name, value === undefined || value === "" ? `--${name}` : `--${name}=${value}`));
}

function fitting(name: string | undefined, argument: string): string {
  refuseUnfit(`hyperparams.Args.${name}`, argument);
  return argument;
}

/** All sections, section → name → value. */
export function parameterValues(parameters: Parameters): Record<string, Record<string, string>> {
  const sections = Object.entries(parameters).map(([section, items]) => {
    const values = Object.entries(items).map(([name, parameter]) => [name, parameter.value ?? ""]);
    return [section, Object.fromEntries(values)];
  });
  return Object.fromEntries(sections) as Record<string, Record<string, string>>;
}

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The section `Environment` as variables; what is no name of a variable is left out. */
export function parameterVariables(parameters: Parameters): Record<string, string> {
  const items = Object.entries(parameters["Environment"] ?? {}).filter(([name]) => VARIABLE_NAME.test(name));
  return Object.fromEntries(items.map(([name, parameter]) => [name, parameter.value ?? ""]));
}
