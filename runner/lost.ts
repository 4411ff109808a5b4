import { type HostIdentity, hostIdentity } from "../base/process-identity.ts";
import type { Exit, RunHandle } from "./engine.ts";
import type { Outcome, OutcomeCause } from "./outcome.ts";
import type { Progress } from "./run-end.ts";
import type { Launched } from "./run-request.ts";

/** What took a program away whose exit nobody knows. */
const LOST = {
  "lost/host-restart": ["this machine was restarted while the program ran", undefined],
  "lost/agent-container-restart": [
    "the agent's container was restarted while the program ran in it",
    "Tasks in containers of their own (--docker) outlive a restart of the agent's container.",
  ],
  "lost/engine-restart": [
    "the Docker engine was restarted while the program ran, and ended it",
    "With live-restore in the engine's configuration containers outlive it.",
  ],
  "lost/killed": ["the program is gone and left no exit code", "Something outside of the agent killed it."],
} as const satisfies Partial<Record<OutcomeCause, readonly [string, string | undefined]>>;

type LostCause = keyof typeof LOST;

/** What a container shows that went down with its machine: no code of its own, SIGKILL, SIGTERM. */
const CODES_OF_A_FALL: ReadonlySet<number> = new Set([255, 137, 143]);

/** The outcome of a program that went down with something else; undefined: the exit is its own. */
export async function lostOutcome(exit: Exit, launched: Launched | undefined, progress: Progress): Promise<Outcome | undefined> {
  const cause = lostCause(exit, launched, await hostIdentity());
  if (cause === undefined) return undefined;
  const [message, hint] = LOST[cause];
  return { cause, phase: progress.phase, message, hint, retryable: false, timings: progress.timings };
}

export function lostCause(
  exit: Exit,
  launched: { readonly host: HostIdentity; readonly handle: Pick<RunHandle, "kind"> } | undefined,
  now: HostIdentity,
): LostCause | undefined {
  const isOtherBoot = launched !== undefined && launched.host.bootId !== now.bootId;
  const isProcess = launched?.handle.kind === "process";
  const mayHaveFallen = exit.lost !== undefined || (!isProcess && CODES_OF_A_FALL.has(exit.exitCode));
  if (!mayHaveFallen) return undefined;
  // An engine goes down with its machine.
  if (isOtherBoot) return "lost/host-restart";
  if (exit.lost !== "killed") return exit.lost === undefined ? undefined : "lost/engine-restart";
  const isOtherInit = launched !== undefined && launched.host.initStartTime !== now.initStartTime;
  return isProcess && isOtherInit ? "lost/agent-container-restart" : "lost/killed";
}
