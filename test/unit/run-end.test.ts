import { expect } from "chai";
import { Cancelled, type CancelReason } from "../../base/cancelled.ts";
import { exitCodeOf, OUTCOME_CAUSES, type Outcome, statusOf } from "../../runner/outcome.ts";
import { outcomeOfError, outcomeOfExit, type Progress } from "../../runner/run-end.ts";
import { RunError } from "../../runner/run-error.ts";

const RUNNING: Progress = { phase: "run", timings: { runMs: 5 }, launched: true };
const BEFORE: Progress = { phase: "source", timings: {}, launched: false };
const NEVER = new AbortController().signal;

const exit = (exitCode: number, more: object = {}): Outcome => outcomeOfExit({ exitCode, oomKilled: false, ...more }, RUNNING);
const aborted = (reason: unknown): Outcome => outcomeOfError(new Error("whatever came of it"), AbortSignal.abort(reason), RUNNING);

describe("the end of a run", () => {
  it("is read from the program's exit", () => {
    expect(exit(0)).to.include({ cause: "completed", exitCode: 0, phase: "run" });
    expect(exit(3)).to.include({ cause: "failed/exit-code", exitCode: 3 });
    expect(exit(137)).to.include({ cause: "failed/signal" });
    expect(exit(137).message).to.contain("SIGKILL");
    expect(exit(255)).to.include({ cause: "failed/exit-code" });
    expect(exit(137, { oomKilled: true })).to.include({ cause: "failed/oom" });
    expect(exit(3).timings).to.equal(RUNNING.timings);
  });

  it("is read from the abort's reason, not from the error that it caused", () => {
    const causes: Record<CancelReason, string> = {
      user: "aborted/user",
      timeout: "failed/timeout",
      "agent-stopping": "aborted/agent-stopping",
      "hand-back": "aborted/agent-stopping",
      "task-gone": "aborted/task-gone",
    };
    for (const [reason, cause] of Object.entries(causes)) expect(aborted(new Cancelled(reason as CancelReason))).to.include({ cause });
    expect(aborted(new DOMException("late", "TimeoutError"))).to.include({ cause: "failed/timeout" });
    expect(aborted("anything else")).to.include({ cause: "aborted/agent-stopping" });
  });

  it("is read from the error of a step", () => {
    const error = new RunError("failed/source-unreachable", "no answer", { retryable: true, hint: "Look." });
    expect(outcomeOfError(error, NEVER, BEFORE)).to.include({
      cause: "failed/source-unreachable",
      phase: "source",
      hint: "Look.",
      retryable: true,
    });
  });

  it("may be tried again only when user code never started", () => {
    const error = new RunError("failed/engine", "gone", { retryable: true });
    const full = Object.assign(new Error("write"), { code: "ENOSPC" });
    expect(outcomeOfError(error, NEVER, RUNNING).retryable).to.equal(false);
    expect(outcomeOfError(full, NEVER, BEFORE)).to.include({ cause: "failed/disk-full", retryable: true });
    expect(outcomeOfError(full, NEVER, RUNNING)).to.include({ cause: "failed/disk-full", retryable: false });
  });

  it("may be tried again when the agent handed it back, but not when the agent stopped it", () => {
    expect(aborted(new Cancelled("hand-back")).retryable).to.equal(true);
    expect(aborted(new Cancelled("agent-stopping")).retryable).to.equal(false);
    expect(outcomeOfError(undefined, AbortSignal.abort(new Cancelled("agent-stopping")), BEFORE).retryable).to.equal(true);
  });

  it("is the agent's fault when nothing else explains it", () => {
    expect(outcomeOfError(new TypeError("x is undefined"), NEVER, BEFORE)).to.include({ cause: "failed/agent", retryable: false });
  });

  it("is completed, failed or stopped for the server", () => {
    const statuses = OUTCOME_CAUSES.map((cause) => [cause, statusOf(cause)]);
    for (const [cause = "", status] of statuses)
      expect(status, cause).to.equal(cause === "completed" ? "completed" : cause.startsWith("aborted/") ? "stopped" : "failed");
  });

  it("has an exit code for those who wait for it on a command line", () => {
    expect([exit(0), exit(3), aborted(new Cancelled("timeout")), aborted(new Cancelled("user"))].map(exitCodeOf)).to.deep.equal([
      0, 3, 124, 130,
    ]);
  });
});
