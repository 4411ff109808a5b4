import { access, constants, realpath, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runCommand } from "../../base/run-command.ts";
import type { RunContext } from "../engine.ts";
import { hostEnvironment } from "../host-environment.ts";
import { RunError } from "../run-error.ts";

/** A Python of this machine. */
export interface HostPython {
  /** As found on the PATH: what starts it. */
  readonly path: string;
  /** Real path, version and date of the file: changes when the machine's Python is replaced. */
  readonly identity: string;
}

const versions = new Map<string, string>();

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
  return { path, identity: await identityOf(path, context) };
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

/** The interpreter is asked once; afterwards a look at its file is enough. */
async function identityOf(path: string, context: RunContext): Promise<string> {
  const real = await realpath(path);
  const mark = `${path} ${real} ${(await stat(real)).mtimeMs}`;
  const known = versions.get(mark);
  if (known !== undefined) return known;
  const script = "import sys; print(sys.executable, '.'.join(map(str, sys.version_info[:3])))";
  const { exitCode, stdout, stderr } = await runCommand(path, ["-c", script], {
    env: hostEnvironment(context.settings),
    signal: context.signal,
  });
  if (exitCode !== 0) throw new RunError("failed/environment-python", `${path} does not start: ${stderr.trim().slice(-300)}`);
  const identity = `${real} ${stdout.trim()}`;
  versions.set(mark, identity);
  return identity;
}
