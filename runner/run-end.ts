import { constants } from "node:os";
import { Cancelled, cancelReasonOf } from "../base/cancelled.ts";
import { codeOf, messageOf } from "../base/errors.ts";
import type { Exit } from "./engine.ts";
import type { Outcome, OutcomeCause, Phase, Timings } from "./outcome.ts";
import { RunError } from "./run-error.ts";

/** Where a run stands; `run.ts` moves it on, the end of the run reads it. */
export interface Progress {
  phase: Phase;
  readonly timings: Timings;
  /** User code has been started. */
  launched: boolean;
}

/** How a program's exit reads as an outcome. */
export function outcomeOfExit(exit: Exit, progress: Progress): Outcome {
  const end = (cause: OutcomeCause, message: string, hint?: string): Outcome => ({
    cause,
    message,
    hint,
    phase: progress.phase,
    exitCode: exit.exitCode,
    retryable: false,
    timings: progress.timings,
  });
  if (exit.oomKilled)
    return end(
      "failed/oom",
      "the program was killed because its memory was used up",
      "Give it more (--memory in the container's arguments, or the agent's memory limit), or let it use less.",
    );
  if (exit.exitCode === 0) return end("completed", "the program ended with exit code 0");
  if (exit.exitCode > 128 && exit.exitCode <= 192)
    return end("failed/signal", `the program was killed by ${signalName(exit.exitCode - 128)} (exit code ${exit.exitCode})`);
  return end("failed/exit-code", `the program ended with exit code ${exit.exitCode}`);
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}

/** How anything that was thrown on the way reads as an outcome. After an abort the signal is asked, not the error. */
export function outcomeOfError(error: unknown, signal: AbortSignal, progress: Progress): Outcome {
  const base = { phase: progress.phase, timings: progress.timings, retryable: false };
  if (signal.aborted || error instanceof Cancelled) {
    const why = signal.aborted ? cancelReasonOf(signal) : (error as Cancelled);
    const retryable = why.reason === "hand-back" || (why.reason === "agent-stopping" && !progress.launched);
    return { ...base, ...aborted(why), retryable };
  }
  if (error instanceof RunError) {
    return { ...base, cause: error.outcome, message: error.message, hint: error.hint, retryable: error.retryable && !progress.launched };
  }
  if (codeOf(error) === "ENOSPC" || codeOf(error) === "EDQUOT") {
    return {
      ...base,
      cause: "failed/disk-full",
      message: `no space left on this machine (${messageOf(error)})`,
      retryable: !progress.launched,
    };
  }
  return {
    ...base,
    cause: "failed/agent",
    message: `the agent could not carry the run out: ${messageOf(error)}`,
    hint: "This is a fault of the agent or its machine; its log says more.",
  };
}

function aborted({ reason, message }: Cancelled): { cause: OutcomeCause; message: string; hint?: string } {
  switch (reason) {
    case "user":
      return { cause: "aborted/user", message: "stopped by a user" };
    case "timeout":
      return {
        cause: "failed/timeout",
        message,
        hint: "Raise run.time_limit of the agent, or Windlass/time_limit among the task's parameters.",
      };
    case "task-gone":
      return { cause: "aborted/task-gone", message };
    case "agent-stopping":
    case "hand-back":
      return { cause: "aborted/agent-stopping", message: "the agent was told to stop" };
  }
}
