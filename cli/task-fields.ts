import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { AGENT_SECTION } from "../runner/launch/parameters.ts";
import { usageError } from "./report-error.ts";
import { type CodeFlags, taskCode } from "./task-code.ts";

export interface RunFlags extends CodeFlags {
  readonly project: string;
  readonly name?: string;
  readonly args?: readonly string[];
  readonly timeLimit?: string;
  readonly onLost?: string;
  readonly parameters?: string;
  readonly queue?: string;
  readonly requirements?: string;
  readonly packages?: readonly string[];
  readonly docker?: string;
  readonly docker_args?: string;
  readonly docker_bash_setup_script?: string;
  readonly taskType: string;
  readonly tags?: readonly string[];
  readonly binary?: string;
}

export interface TaskFields {
  /** For `tasks.create`. */
  readonly fields: object;
  /** New files of the folder that are in it. */
  readonly added: readonly string[];
}

/** The task that the flags of `windlass run` describe. */
export async function taskFields(flags: RunFlags): Promise<TaskFields> {
  const { script, added } = await taskCode(flags);
  const name = flags.name ?? basename(flags.script ?? flags.module ?? "task");
  const fields = {
    name: name.length < 3 ? `task ${name}` : name,
    type: flags.taskType,
    ...(flags.tags === undefined ? {} : { tags: flags.tags }),
    script: { ...script, binary: binaryOf(flags), ...(await requirementsOf(flags)) },
    container: await containerOf(flags),
    hyperparams: { ...parametersOf(flags.args ?? []), ...settingsOf(flags) },
  };
  return { fields, added };
}

function binaryOf(flags: RunFlags): string {
  if (flags.binary !== undefined) return flags.binary;
  return extname(flags.script?.split(/\s+/)[0] ?? "") === ".sh" ? "bash" : "python3";
}

async function requirementsOf(flags: RunFlags): Promise<object> {
  const file = flags.requirements;
  const noFile = (): never => {
    throw usageError(`--requirements: there is no file ${file}`);
  };
  const lines = file === undefined ? [] : [await readFile(file, "utf8").catch(noFile)];
  const pip = [...lines, ...(flags.packages ?? [])].join("\n");
  return pip === "" ? {} : { requirements: { pip } };
}

async function containerOf(flags: RunFlags): Promise<object> {
  const setup = flags.docker_bash_setup_script;
  const script = setup === undefined ? undefined : await readFile(setup, "utf8").catch(() => setup);
  return {
    ...(flags.docker === undefined ? {} : { image: flags.docker }),
    ...(flags.docker_args === undefined ? {} : { arguments: flags.docker_args }),
    ...(script === undefined ? {} : { setup_shell_script: script }),
  };
}

/** What a task says to its agent stands among its parameters, in a section of its own. */
function settingsOf({ timeLimit: time_limit, onLost: on_lost, parameters }: RunFlags): object {
  const given = Object.entries({ time_limit, on_lost, parameters }).filter(([, value]) => value !== undefined);
  const items = given.map(([name, value]) => [name, { section: AGENT_SECTION, name, value }]);
  return items.length === 0 ? {} : { [AGENT_SECTION]: Object.fromEntries(items) };
}

function parametersOf(args: readonly string[]): object {
  const items = args.map((arg) => {
    const at = arg.indexOf("=");
    if (at < 1) throw usageError(`--args: "${arg}" is not NAME=VALUE`, "Write it like --args lr=0.1 epochs=5.");
    const name = arg.slice(0, at);
    return [name, { section: "Args", name, value: arg.slice(at + 1) }];
  });
  return items.length === 0 ? {} : { Args: Object.fromEntries(items) };
}
