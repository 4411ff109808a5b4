import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { rm, stat, writeFile } from "node:fs/promises";
import { codeOf, messageOf } from "../../base/errors.ts";
import { readIfThere } from "../../base/files.ts";
import { currentBootId, forksSoFar, identityOf } from "../../base/process-identity.ts";
import type { FigureSource } from "../../monitor/resources/figure-source.ts";
import { createProcessTreeSource } from "../../monitor/resources/process-tree.ts";
import type { Environment, Exit, Launch, RunContext, RunHandle, Running } from "../engine.ts";
import { consolePipe, RUN_PROGRAM, START_READER } from "../launch/console-pipe.ts";
import { RunError } from "../run-error.ts";
import { endRun } from "./descendants.ts";
import { type Enclosure, encloseRun, foundEnclosure } from "./enclosure.ts";
import { exitFileOf, findProgram, memoryFileOf, pidFileOf, untilGone, untilLeftBehind } from "./found-program.ts";
import { processVariables } from "./process-variables.ts";
import type { RunScopes } from "./run-scope.ts";

type ProcessHandle = Extract<RunHandle, { kind: "process" }>;

/**
 * The shell line around the program. It outlives TERM and INT with a handler (an ignored signal would be inherited by the
 * program), keeps its own remarks ("Killed") out of the console, says who it is before the program starts, and leaves the exit
 * code in a file, complete or not at all. First of all it waits for a line on its standard input: until then the agent can put
 * it into a control group, and an agent that dies has started nothing. The line names the file that counts kills for memory,
 * or is empty; a copy is kept, since the control group of a scope goes with its last process. Behind the exit code stands
 * whether somebody sent TERM, as a machine that goes down does; it is written over room that was taken before the start, since
 * a program may end because the disk is full. $1 = pid file, $2 = exit file, $3 = the console's pipe,
 * $4 = its file, the rest is the program.
 */
const WRAPPER = `
trap : INT HUP
trap told=TERM TERM
read -r events || exit 125
exec </dev/null
echo $$ > "$1.tmp" && mv "$1.tmp" "$1" || exit 126
exit_file=$2; pipe=$3; console=$4; shift 4
mkfifo "$pipe" || exit 126
${START_READER}
${RUN_PROGRAM}
if [ -n "$events" ]; then cat "$events" > "$exit_file.memory"; fi
echo "$code $told" 1<> "$exit_file.tmp" && mv "$exit_file.tmp" "$exit_file"
while kill -0 $reader; do wait $reader; done
exit $code
`;

/** As long as any exit code. */
const EXIT_ROOM = "   \n";

interface Started {
  readonly handle: ProcessHandle;
  readonly enclosure: Enclosure;
  /** Of before its start; undefined: an earlier agent process started it. */
  readonly forksThen: number | undefined;
}

export class ProcessRun implements Running {
  readonly handle: ProcessHandle;
  readonly figures: FigureSource;
  readonly exited: Promise<Exit>;
  readonly #context: RunContext;
  readonly #enclosure: Enclosure;
  readonly #forksThen: number | undefined;
  #isGone = false;

  /** `ended` resolves with the exit code where this process is the program's parent. */
  private constructor(context: RunContext, { handle, enclosure, forksThen }: Started, ended: Promise<number | undefined>) {
    this.#context = context;
    this.handle = handle;
    this.#enclosure = enclosure;
    this.#forksThen = forksThen;
    this.figures = createProcessTreeSource(handle.pid);
    this.exited = ended.then((code) => this.#learnExit(code));
    this.exited.catch(() => undefined);
  }

  /** Starts the program in a session of its own; its output goes into the console's pipe. */
  static async start(context: RunContext, environment: Environment, launch: Launch, scopes: RunScopes): Promise<ProcessRun> {
    const pipe = consolePipe(context.folder);
    const room = writeFile(`${exitFileOf(context)}.tmp`, EXIT_ROOM, { mode: 0o600 });
    const [forksThen] = await Promise.all([forksSoFar(), room]);
    const files = [pidFileOf(context), exitFileOf(context), pipe, context.console.path];
    const child = spawnOrExplain(["-c", WRAPPER, "windlass-run", ...files, ...launch.argv], {
      cwd: launch.cwd,
      env: processVariables(context, environment, launch),
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    const over = new AbortController();
    const exited = exitCodeOf(child).finally(() => over.abort());
    const ended = Promise.race([exited, untilLeftBehind(exitFileOf(context), over.signal)]);
    const handle = await handleOf(child);
    return new ProcessRun(context, { handle, enclosure: await letGo(child, handle.pid, context, scopes), forksThen }, ended);
  }

  /** A program of an earlier agent process: alive, ended, or lost; undefined: none was ever started. */
  static async adopt(context: RunContext, known: ProcessHandle | undefined): Promise<ProcessRun | undefined> {
    const found = known ?? (await findProgram(context));
    if (found === undefined) return undefined;
    const enclosure = await foundEnclosure(context.runId);
    const handle: ProcessHandle = { kind: "process", ...found };
    return new ProcessRun(context, { handle, enclosure, forksThen: undefined }, untilGone(found, exitFileOf(context)));
  }

  async stop(graceMs: number): Promise<void> {
    const { runId } = this.#context;
    const run = { leader: this.handle, runId, enclosed: () => this.#enclosure.pids(), forksThen: this.#forksThen };
    this.#isGone = await endRun(run, graceMs);
  }

  async remove(): Promise<void> {
    if (!this.#isGone) await this.stop(0);
    await this.#enclosure.remove();
    const exit = exitFileOf(this.#context);
    for (const file of [exit, `${exit}.tmp`, memoryFileOf(this.#context), pidFileOf(this.#context)]) await rm(file, { force: true });
  }

  /** What the program left running ends with it, as in a container. A full disk may have kept the exit file from being written. */
  async #learnExit(code: number | undefined): Promise<Exit> {
    const text = await readIfThere(exitFileOf(this.#context));
    const endedAtMs = await changedAt(exitFileOf(this.#context));
    const oomKilled = await this.#killedForMemory();
    await this.stop(0);
    const exitCode = text === undefined ? code : await this.#codeIn(text);
    if (exitCode === undefined) return { exitCode: 137, oomKilled, ...(oomKilled ? {} : { lost: "killed" }) };
    return { exitCode, oomKilled: oomKilled && exitCode !== 0, endedAtMs };
  }

  /** A program that was told to end by a machine that is up again now was lost, whatever it made of that. */
  async #codeIn(text: string): Promise<number | undefined> {
    const [code, told] = text.trim().split(" ");
    return told === "TERM" && this.handle.bootId !== (await currentBootId()) ? undefined : Number(code);
  }

  async #killedForMemory(): Promise<boolean> {
    const { eventsFile } = this.#enclosure;
    const counted = (await readIfThere(memoryFileOf(this.#context))) ?? (eventsFile && (await readIfThere(eventsFile)));
    return /^oom_kill [1-9]/m.test(counted ?? "");
  }
}

async function changedAt(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

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
