import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { rm, stat } from "node:fs/promises";
import { codeOf, messageOf } from "../../base/errors.ts";
import { readIfThere } from "../../base/files.ts";
import { identityOf } from "../../base/process-identity.ts";
import type { FigureSource } from "../../monitor/resources/figure-source.ts";
import { createProcessTreeSource } from "../../monitor/resources/process-tree.ts";
import type { Environment, Exit, Launch, RunContext, RunHandle, Running } from "../engine.ts";
import { consolePipe, makeConsolePipe, RUN_PROGRAM, START_READER } from "../launch/console-pipe.ts";
import { RunError } from "../run-error.ts";
import { endRun } from "./descendants.ts";
import { exitFileOf, findProgram, pidFileOf, untilGone, untilLeftBehind } from "./found-program.ts";
import { createMemoryCgroup, type MemoryCgroup, openMemoryCgroup } from "./memory-cgroup.ts";
import { processVariables } from "./process-variables.ts";

type ProcessHandle = Extract<RunHandle, { kind: "process" }>;

/**
 * The shell line around the program. It outlives TERM and INT with a handler (an ignored signal would be inherited by the
 * program), keeps its own remarks ("Killed") out of the console, says who it is before anything else, and leaves the exit
 * code in a file, complete or not at all. $1 = pid file, $2 = exit file, $3 = cgroup.procs or empty, $4 = the console's
 * pipe, $5 = its file, the rest is the program.
 */
const WRAPPER = `
trap : TERM INT HUP
echo $$ > "$1.tmp" && mv "$1.tmp" "$1" || exit 126
exit_file=$2; cgroup=$3; pipe=$4; console=$5; shift 5
if [ -n "$cgroup" ]; then echo $$ > "$cgroup"; fi
${START_READER}
${RUN_PROGRAM}
echo $code > "$exit_file.tmp" && mv "$exit_file.tmp" "$exit_file"
while kill -0 $reader; do wait $reader; done
exit $code
`;

export class ProcessRun implements Running {
  readonly handle: ProcessHandle;
  readonly figures: FigureSource;
  readonly exited: Promise<Exit>;
  readonly #context: RunContext;
  readonly #cgroup: MemoryCgroup | undefined;

  /** `ended` resolves with the exit code where this process is the program's parent. */
  private constructor(context: RunContext, handle: ProcessHandle, cgroup: MemoryCgroup | undefined, ended: Promise<number | undefined>) {
    this.#context = context;
    this.handle = handle;
    this.#cgroup = cgroup;
    this.figures = createProcessTreeSource(handle.pid);
    this.exited = ended.then((code) => this.#learnExit(code));
    this.exited.catch(() => undefined);
  }

  /** Starts the program in a session of its own; its output goes into the console's pipe. */
  static async start(context: RunContext, environment: Environment, launch: Launch): Promise<ProcessRun> {
    const pipe = consolePipe(context.folder);
    const [cgroup] = await Promise.all([limitMemory(context), makeConsolePipe(pipe)]);
    const files = [pidFileOf(context), exitFileOf(context), cgroup?.procsFile ?? "", pipe, context.console.path];
    const child = spawnOrExplain(["-c", WRAPPER, "windlass-run", ...files, ...launch.argv], {
      cwd: launch.cwd,
      env: processVariables(context, environment, launch),
      stdio: "ignore",
      detached: true,
    });
    const ended = Promise.race([exitCodeOf(child), untilLeftBehind(exitFileOf(context))]);
    return new ProcessRun(context, await handleOf(child), cgroup, ended);
  }

  /** A program of an earlier agent process: alive, ended, or lost; undefined: none was ever started. */
  static async adopt(context: RunContext, handle: ProcessHandle | undefined): Promise<ProcessRun | undefined> {
    const found = handle ?? (await findProgram(context));
    if (found === undefined) return undefined;
    const cgroup = await openMemoryCgroup(context.runId);
    return new ProcessRun(context, { kind: "process", ...found }, cgroup, untilGone(found, exitFileOf(context)));
  }

  async stop(graceMs: number): Promise<void> {
    await endRun(this.handle, this.#context.runId, graceMs);
  }

  async remove(): Promise<void> {
    await this.stop(0);
    await this.#cgroup?.remove();
    for (const file of [exitFileOf(this.#context), pidFileOf(this.#context)]) await rm(file, { force: true });
  }

  /** What the program left running ends with it, as in a container. A full disk may have kept the exit file from being written. */
  async #learnExit(code: number | undefined): Promise<Exit> {
    const text = await readIfThere(exitFileOf(this.#context));
    const endedAtMs = await changedAt(exitFileOf(this.#context));
    const oomKilled = (await this.#cgroup?.killedForMemory()) ?? false;
    await this.stop(0);
    const exitCode = text === undefined ? code : Number(text.trim());
    if (exitCode === undefined) return { exitCode: 137, oomKilled, ...(oomKilled ? {} : { lost: "killed" }) };
    return { exitCode, oomKilled: oomKilled && exitCode !== 0, endedAtMs };
  }
}

async function changedAt(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

async function limitMemory(context: RunContext): Promise<MemoryCgroup | undefined> {
  const limitBytes = context.settings.process.memoryLimitBytes;
  if (limitBytes === undefined) return undefined;
  const cgroup = await createMemoryCgroup(context.runId, limitBytes);
  if (cgroup === undefined) await context.console.say("the memory limit is not applied: the agent may not make a cgroup on this machine");
  return cgroup;
}

function spawnOrExplain(args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn("/bin/sh", args, options);
  } catch (error) {
    throw notStarted(error);
  }
}

function notStarted(error: unknown): RunError {
  const isTooLong = codeOf(error) === "E2BIG";
  const why = isTooLong ? "its arguments and variables are longer than the system takes" : messageOf(error);
  return new RunError(isTooLong ? "failed/task-invalid" : "failed/launch", `the program cannot be started: ${why}`);
}

async function handleOf(child: ChildProcess): Promise<ProcessHandle> {
  if (child.pid === undefined) {
    const [error] = (await once(child, "error").catch((reason: unknown) => [reason])) as [unknown];
    throw notStarted(error);
  }
  const identity = await identityOf(child.pid);
  return { kind: "process", ...(identity ?? { pid: child.pid, startTime: "", bootId: "" }) };
}

/** The wrapper's exit code is the program's; a wrapper that was killed itself leaves it unknown. */
async function exitCodeOf(child: ChildProcess): Promise<number | undefined> {
  return await new Promise((resolve) => {
    child.once("exit", (code) => resolve(code ?? undefined));
    child.once("error", () => resolve(undefined));
  });
}
