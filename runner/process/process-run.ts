import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { open, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../../base/errors.ts";
import { readIfThere } from "../../base/files.ts";
import type { Logger } from "../../base/logger.ts";
import { identityOf, isAlive } from "../../base/process-identity.ts";
import type { FigureSource } from "../../monitor/resources/figure-source.ts";
import { createProcessTreeSource } from "../../monitor/resources/process-tree.ts";
import type { Environment, Exit, Launch, RunContext, RunHandle, Running } from "../engine.ts";
import { RunError } from "../run-error.ts";
import { endRun, RUN_MARK } from "./descendants.ts";
import { createMemoryCgroup, type MemoryCgroup } from "./memory-cgroup.ts";

type ProcessHandle = Extract<RunHandle, { kind: "process" }>;

/**
 * The shell line around the program. It outlives TERM and INT with a handler (an ignored signal would be inherited by the
 * program), keeps its own remarks ("Killed") out of the console, and leaves the exit code in a file, complete or not at all:
 * it is written over room that was taken before the start, since a program may end because the disk is full.
 * $1 = exit file, $2 = cgroup.procs or empty, the rest is the program.
 */
const WRAPPER = `
trap : TERM INT HUP
exit_file=$1; cgroup=$2; shift 2
exec 3>&2 2>/dev/null
if [ -n "$cgroup" ]; then echo $$ > "$cgroup"; fi
"$@" 2>&3 3>&-
code=$?
echo $code 1<> "$exit_file.tmp" && mv "$exit_file.tmp" "$exit_file"
exit $code
`;

/** As long as any exit code. */
const EXIT_ROOM = "   \n";

export class ProcessRun implements Running {
  readonly handle: ProcessHandle;
  readonly figures: FigureSource;
  readonly exited: Promise<Exit>;
  readonly #context: RunContext;
  readonly #cgroup: MemoryCgroup | undefined;

  private constructor(context: RunContext, handle: ProcessHandle, cgroup: MemoryCgroup | undefined, ended: Promise<void>) {
    this.#context = context;
    this.handle = handle;
    this.#cgroup = cgroup;
    this.figures = createProcessTreeSource(handle.pid);
    this.exited = ended.then(() => this.#learnExit());
    this.exited.catch(() => undefined);
  }

  /** Starts the program in a session of its own; its output goes straight into the console's file. */
  static async start(context: RunContext, environment: Environment, launch: Launch, logger: Logger): Promise<ProcessRun> {
    const cgroup = await limitMemory(context);
    const console = await open(context.console.path, "a", 0o600);
    try {
      const exitFile = exitFileOf(context);
      await writeFile(`${exitFile}.tmp`, EXIT_ROOM, { mode: 0o600 });
      const child = spawn("/bin/sh", ["-c", WRAPPER, "windlass-run", exitFile, cgroup?.procsFile ?? "", ...launch.argv], {
        cwd: launch.cwd,
        env: processVariables(context, environment, launch),
        stdio: ["ignore", console.fd, console.fd],
        detached: true,
      });
      const ended = endOf(child, logger);
      const handle = await handleOf(child);
      return new ProcessRun(context, handle, cgroup, ended);
    } finally {
      await console.close();
    }
  }

  /** A run of an earlier agent: alive, or ended with its exit code on disk; undefined when nothing is known of it. */
  static async adopt(context: RunContext, handle: ProcessHandle): Promise<ProcessRun | undefined> {
    const alive = await isAlive(handle);
    if (!alive && (await readIfThere(exitFileOf(context))) === undefined) return undefined;
    return new ProcessRun(context, handle, undefined, alive ? untilGone(handle, exitFileOf(context)) : Promise.resolve());
  }

  async stop(graceMs: number): Promise<void> {
    await endRun(this.handle.pid, this.#context.runId, graceMs);
  }

  async remove(): Promise<void> {
    await this.stop(0);
    await this.#cgroup?.remove();
    await rm(exitFileOf(this.#context), { force: true });
    await rm(`${exitFileOf(this.#context)}.tmp`, { force: true });
    await rm(join(this.#context.folder, "tmp"), { recursive: true, force: true });
  }

  async #learnExit(): Promise<Exit> {
    const text = await readIfThere(exitFileOf(this.#context));
    const oomKilled = (await this.#cgroup?.killedForMemory()) ?? false;
    if (text === undefined) return { exitCode: 137, oomKilled, lost: !oomKilled };
    const exitCode = Number(text.trim());
    return { exitCode, oomKilled: oomKilled && exitCode !== 0 };
  }
}

const exitFileOf = (context: RunContext): string => join(context.folder, "exit");

async function limitMemory(context: RunContext): Promise<MemoryCgroup | undefined> {
  const limitBytes = context.settings.process.memoryLimitBytes;
  if (limitBytes === undefined) return undefined;
  const cgroup = await createMemoryCgroup(context.runId, limitBytes);
  if (cgroup === undefined) await context.console.say("the memory limit is not applied: the agent may not make a cgroup on this machine");
  return cgroup;
}

/** A little of the agent's environment that every program expects, then what the run says. */
const FROM_AGENT = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ"];

function processVariables(context: RunContext, environment: Environment, launch: Launch): Record<string, string> {
  const base = Object.fromEntries(FROM_AGENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const path = base["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  const venv = environment.python.endsWith("/bin/python") ? { VIRTUAL_ENV: dirname(dirname(environment.python)) } : {};
  return {
    ...base,
    ...venv,
    PATH: "VIRTUAL_ENV" in venv ? `${dirname(environment.python)}:${path}` : path,
    LANG: base["LANG"] ?? "C.UTF-8",
    TMPDIR: join(context.folder, "tmp"),
    ...launch.env,
    [RUN_MARK]: context.runId,
  };
}

async function handleOf(child: ChildProcess): Promise<ProcessHandle> {
  if (child.pid === undefined) {
    const [error] = (await once(child, "error").catch((reason: unknown) => [reason])) as [unknown];
    throw new RunError("failed/launch", `the program cannot be started: ${messageOf(error)}`);
  }
  const identity = await identityOf(child.pid);
  return { kind: "process", ...(identity ?? { pid: child.pid, startTime: "", bootId: "" }) };
}

async function endOf(child: ChildProcess, logger: Logger): Promise<void> {
  await new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      logger.debug({ err: error }, "a program's process reported an error");
      resolve();
    });
  });
}

const LOOK_EVERY_MS = 500;

/** The end of a process that is not our child: its exit file appears, or it is gone. */
async function untilGone(handle: ProcessHandle, exitFile: string): Promise<void> {
  const halt = new AbortController();
  const watcher = watch(dirname(exitFile), () => halt.abort());
  try {
    while (await isAlive(handle)) {
      await pause(LOOK_EVERY_MS, undefined, { signal: halt.signal }).catch(() => undefined);
      if ((await readIfThere(exitFile)) !== undefined) return;
      if (halt.signal.aborted) await pause(LOOK_EVERY_MS);
    }
  } finally {
    watcher.close();
  }
}
