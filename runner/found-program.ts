import { Cancelled } from "../base/cancelled.ts";
import { PATIENT, retry } from "../base/retry.ts";
import type { Engine, RunContext, Running } from "./engine.ts";
import { removeLeftovers } from "./run-cleanup.ts";
import { RunError } from "./run-error.ts";
import type { Launched, RunDeps } from "./run-request.ts";

export interface FoundParts {
  readonly context: RunContext;
  readonly deps: RunDeps;
  /** What the journal knows of a started program; undefined: it may or may not have been started. */
  readonly launched: Launched | undefined;
  /** How often an agent process went on with this run before its program was started. */
  readonly begun: number;
  /** Its program may have been started and be gone. */
  readonly mayHaveRun: boolean;
  /** Aborted: the run is left to the next agent. */
  readonly leave: AbortSignal | undefined;
  readonly onError: (error: unknown) => void;
}

/**
 * The program that an earlier agent process started, running or ended. Undefined: it never was; what was begun is cleared
 * away, and the run may begin again. Throws Cancelled when the task is not ours any more.
 */
export async function foundProgram(parts: FoundParts): Promise<Running | undefined> {
  const { engine, running } = await adopted(parts);
  if (running !== undefined) return running;
  if (parts.launched !== undefined)
    throw new RunError("failed/agent", "the program that an earlier agent started cannot be found with this engine");
  return await beginAgain(parts, engine);
}

/**
 * An engine that is away does not make a run lost: it is waited for. An abort that comes meanwhile waits, too: the program has
 * to be found before it can be stopped, and until then it prints.
 */
async function adopted({ context, deps, launched, leave, onError }: FoundParts): Promise<{ engine: Engine; running: Running | undefined }> {
  const adopt = async (): Promise<{ engine: Engine; running: Running | undefined }> => {
    const engine = await deps.engine();
    return { engine, running: await engine.adopt(context, launched?.handle) };
  };
  return await retry(adopt, { schedule: PATIENT, signal: leave, retryable: () => true, onRetry: onError });
}

/** So often the agent may have died while it prepared a run; then the run itself is taken for the reason. */
const MAX_BEGINS = 10;

async function beginAgain({ context, deps, begun, mayHaveRun }: FoundParts, engine: Engine): Promise<undefined> {
  await removeLeftovers(context, () => Promise.resolve(engine));
  if (mayHaveRun)
    throw new RunError("failed/agent", "what the agent wrote down about this run was destroyed; whether its program ran is not known", {
      hint: "Look at the console and at what the program should have written; enqueue the task again if it did not run.",
    });
  if (begun > MAX_BEGINS)
    throw new RunError("failed/agent", `the agent ended ${begun} times while it prepared this run`, {
      hint: "The agent's log says more; the task itself may be what ends it.",
    });
  if (!(await deps.observer.mayBeginAgain(context.signal))) throw new Cancelled("task-gone", "the task was given to somebody else");
  await context.console.say("the agent was started anew; the run begins again");
}
