import { access, constants, realpath, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runCommand } from "../../base/run-command.ts";
import type { RunContext } from "../engine.ts";
import { hostEnvironment } from "../host-environment.ts";
import { RunError } from "../run-error.ts";

/** A Python of this machine. */
export interface HostPython {
  /** The interpreter itself, also where the PATH has only a version manager's script that looks for it at each start. */
  readonly path: string;
  /** Where it was found, itself and its version: changes when the machine's Python is replaced. */
  readonly identity: string;
}

const known = new Map<string, HostPython>();

/** The requested Python (`python3.11`), or the agent's default with a line of warning, as ClearML's agent does. */
export async function findPython(requested: string, context: RunContext): Promise<HostPython> {
  const fallback = context.settings.process.python ?? "python3";
  const exact = requested === "python" ? undefined : await which(requested);
  const path = exact ?? (await which(fallback)) ?? (await which("python"));
  if (path === undefined)
    throw new RunError("failed/environment-python", `there is no ${requested} on this machine`, {
      hint: "Install Python 3, or run the task in a container (--docker).",
    });
  if (exact === undefined && /^python\d\.\d/.test(requested))
    await context.console.say(`${requested} is not on this machine, ${path} is used instead`);
  return await behind(path, context);
}

export async function which(name: string): Promise<string | undefined> {
  if (name.includes("/")) return (await isExecutable(name)) ? name : undefined;
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The interpreter is asked once; afterwards a look at the files is enough. */
async function behind(path: string, context: RunContext): Promise<HostPython> {
  const real = await realpath(path);
  const mark = `${path} ${real} ${(await stat(real)).mtimeMs}`;
  const before = known.get(mark);
  if (before !== undefined && (await isExecutable(before.path))) return before;
  const python = await ask(path, real, context);
  known.set(mark, python);
  return python;
}

async function ask(path: string, real: string, context: RunContext): Promise<HostPython> {
  const script = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.executable)";
  const { exitCode, stdout, stderr } = await runCommand(path, ["-c", script], {
    env: hostEnvironment(context.settings),
    signal: context.signal,
  });
  if (exitCode !== 0) throw new RunError("failed/environment-python", `${path} does not start: ${stderr.trim().slice(-300)}`);
  const [version = "", executable = ""] = stdout.trim().split(/ (.*)/s);
  return { path: (await isExecutable(executable)) ? executable : path, identity: `${real} ${executable} ${version}` };
}
