import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { watch } from "node:fs";
import { open, rm } from "node:fs/promises";
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
import { type Enclosure, encloseRun, foundEnclosure } from "./enclosure.ts";
import type { RunScopes } from "./run-scope.ts";

export interface ProcessRunParts {
  readonly logger: Logger;
  readonly scopes: RunScopes;
}

type ProcessHandle = Extract<RunHandle, { kind: "process" }>;

/**
 * The shell line around the program. It outlives TERM and INT with a handler (an ignored signal would be inherited by the
 * program), keeps its own remarks ("Killed") out of the console, and leaves the exit code in a file, complete or not at all.
 * It waits for one line on its standard input before it starts the program: until then the agent can put it into a control
 * group, and an agent that dies has started nothing. The line names the file that counts what was killed for memory, or is
 * empty; a copy is kept, since a scope's control group goes with its last process. $1 = exit file, the rest is the program.
 */
const WRAPPER = `
trap : TERM INT HUP
exit_file=$1; shift
exec 3>&2 2>/dev/null
read -r events || exit 125
exec </dev/null
"$@" 2>&3 3>&-
code=$?
if [ -n "$events" ]; then cat "$events" > "$exit_file.memory"; fi
echo $code > "$exit_file.tmp" && mv "$exit_file.tmp" "$exit_file"
exit $code
`;

export class ProcessRun implements Running {
  readonly handle: ProcessHandle;
  readonly figures: FigureSource;
  readonly exited: Promise<Exit>;
  readonly #context: RunContext;
  readonly #enclosure: Enclosure;

  private constructor(context: RunContext, handle: ProcessHandle, enclosure: Enclosure, ended: Promise<void>) {
    this.#context = context;
    this.handle = handle;
    this.#enclosure = enclosure;
    this.figures = createProcessTreeSource(handle.pid);
    this.exited = ended.then(() => this.#learnExit());
    this.exited.catch(() => undefined);
  }

  /** Starts the program in a session of its own; its output goes straight into the console's file. */
  static async start(context: RunContext, environment: Environment, launch: Launch, parts: ProcessRunParts): Promise<ProcessRun> {
    const console = await open(context.console.path, "a", 0o600);
    try {
      const child = spawn("/bin/sh", ["-c", WRAPPER, "windlass-run", exitFileOf(context), ...launch.argv], {
        cwd: launch.cwd,
        env: processVariables(context, environment, launch),
        stdio: ["pipe", console.fd, console.fd],
        detached: true,
      });
      const ended = endOf(child, parts.logger);
      const handle = await handleOf(child);
      return new ProcessRun(context, handle, await letGo(child, handle.pid, context, parts.scopes), ended);
    } finally {
      await console.close();
    }
  }

  /** A run of an earlier agent: alive, or ended with its exit code on disk; undefined when nothing is known of it. */
  static async adopt(context: RunContext, handle: ProcessHandle): Promise<ProcessRun | undefined> {
    const alive = await isAlive(handle);
    if (!alive && (await readIfThere(exitFileOf(context))) === undefined) return undefined;
    const enclosure = await foundEnclosure(context.runId);
    return new ProcessRun(context, handle, enclosure, alive ? untilGone(handle, exitFileOf(context)) : Promise.resolve());
  }

  async stop(graceMs: number): Promise<void> {
    await endRun({ pgid: this.handle.pid, runId: this.#context.runId, others: () => this.#enclosure.pids() }, graceMs);
  }

  async remove(): Promise<void> {
    await this.stop(0);
    await this.#enclosure.remove();
    for (const file of [exitFileOf(this.#context), memoryFileOf(this.#context)]) await rm(file, { force: true });
    await rm(join(this.#context.folder, "tmp"), { recursive: true, force: true });
  }

  async #learnExit(): Promise<Exit> {
    const text = await readIfThere(exitFileOf(this.#context));
    const oomKilled = await this.#killedForMemory();
    if (text === undefined) return { exitCode: 137, oomKilled, lost: !oomKilled };
    const exitCode = Number(text.trim());
    return { exitCode, oomKilled: oomKilled && exitCode !== 0 };
  }

  async #killedForMemory(): Promise<boolean> {
    const { eventsFile } = this.#enclosure;
    const events = (await readIfThere(memoryFileOf(this.#context))) ?? (eventsFile && (await readIfThere(eventsFile).catch(() => "")));
    return /^oom_kill [1-9]/m.test(events ?? "");
  }
}

const exitFileOf = (context: RunContext): string => join(context.folder, "exit");
const memoryFileOf = (context: RunContext): string => `${exitFileOf(context)}.memory`;

/** Encloses the wrapper, then lets it start the program. */
async function letGo(child: ChildProcess, pid: number, context: RunContext, scopes: RunScopes): Promise<Enclosure> {
  child.stdin?.on("error", () => undefined);
  try {
    const enclosure = await encloseRun(pid, context, scopes);
    child.stdin?.end(`${enclosure.eventsFile ?? ""}\n`);
    return enclosure;
  } catch (error) {
    child.stdin?.destroy();
    throw error;
  }
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
