/**
 * How a run ended: a value, never an exception. Its cause, phase and hint are the last console lines of the task, and
 * stand in `status_reason` and `status_message`; the agent's log and metrics use the same words.
 */
export const OUTCOME_CAUSES = [
  "completed",
  "failed/exit-code",
  "failed/signal",
  "failed/oom",
  "failed/timeout",
  "failed/task-invalid",
  "failed/source-unreachable",
  "failed/source-auth",
  "failed/source-commit-not-found",
  "failed/source-diff",
  "failed/source-entry-point",
  "failed/image-not-found",
  "failed/image-auth",
  "failed/image-pull",
  "failed/environment-setup-script",
  "failed/environment-requirements",
  "failed/environment-python",
  "failed/environment-build",
  "failed/container-arguments",
  "failed/launch",
  "failed/disk-full",
  "failed/engine",
  "failed/agent",
  "aborted/user",
  "aborted/agent-stopping",
  "aborted/task-gone",
  "lost/killed",
  "lost/host-restart",
  "lost/engine-restart",
  "lost/agent-container-restart",
] as const;

export type OutcomeCause = (typeof OUTCOME_CAUSES)[number];

/** Where in its story the run was. */
export type Phase = "claim" | "source" | "environment" | "launch" | "run" | "report";

/** How long each part took, in ms; absent when the run did not get there. */
export interface Timings {
  /** From enqueue to claim. */
  waitedMs?: number;
  sourceMs?: number;
  environmentMs?: number;
  /** Whether the environment was there already. */
  environmentHit?: boolean;
  launchMs?: number;
  runMs?: number;
}

export interface Outcome {
  readonly cause: OutcomeCause;
  readonly phase: Phase;
  /** One sentence: what happened. */
  readonly message: string;
  /** What the reader can do about it. */
  readonly hint?: string | undefined;
  /** Of the user's program, when it ended by itself; a program killed by signal n has 128 + n. */
  readonly exitCode?: number | undefined;
  /** The same task may be tried again: the cause lies with the infrastructure and user code never started, or the agent hands it back. */
  readonly retryable: boolean;
  readonly timings: Timings;
}

/** What the server is told (clearml-api.md 3.2): completed, failed or stopped. */
export function statusOf(cause: OutcomeCause): "completed" | "failed" | "stopped" {
  if (cause === "completed") return "completed";
  return cause.startsWith("aborted/") ? "stopped" : "failed";
}

/** The exit code of `windlass execute` and `windlass run`: the program's own where there is one. */
export function exitCodeOf(outcome: Outcome): number {
  if (outcome.cause === "completed") return 0;
  if (outcome.cause === "failed/oom") return 137;
  if (outcome.exitCode !== undefined && outcome.exitCode !== 0) return outcome.exitCode;
  if (outcome.cause === "failed/timeout") return 124;
  return outcome.cause.startsWith("aborted/") ? 130 : 1;
}
