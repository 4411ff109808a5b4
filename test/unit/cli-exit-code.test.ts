import { expect } from "chai";
import { taskExitCode } from "../../cli/task-exit-code.ts";
import { buildError, lastLine } from "../../runner/docker/build-failures.ts";
import { engineWords, pullError } from "../../runner/docker/image.ts";
import { exitCodeOf, type Outcome } from "../../runner/outcome.ts";
import { outcomeOfError, outcomeOfExit } from "../../runner/run-end.ts";
import type { RunError } from "../../runner/run-error.ts";

const progress = { phase: "run", launched: true, timings: {} } as const;
const exit = (exitCode: number, oomKilled = false): Outcome => outcomeOfExit({ exitCode, oomKilled }, progress);
const setupFailure = (): RunError =>
  buildError('process "/bin/sh /tmp/windlass-build/run-setup.sh" did not complete successfully: exit code: 7', "") as RunError;

describe("the exit code of windlass run, and of windlass execute", () => {
  const both = (outcome: Outcome): [run: number, execute: number] => {
    const status = outcome.cause === "completed" ? "completed" : outcome.cause.startsWith("aborted/") ? "stopped" : "failed";
    return [taskExitCode({ status, status_reason: `${outcome.cause}: ${outcome.message}` }), exitCodeOf(outcome)];
  };

  it("is the program's own where the program had one", () => {
    expect(both(exit(0))).to.deep.equal([0, 0]);
    expect(both(exit(3))).to.deep.equal([3, 3]);
    expect(both(exit(139))).to.deep.equal([139, 139]);
    expect(both(exit(1, true))).to.deep.equal([137, 137]);
  });

  it("is 1 for any other failure, whatever numbers its message holds", () => {
    const { signal } = new AbortController();
    expect(setupFailure().message).to.contain("exit code 7");
    expect(both(outcomeOfError(setupFailure(), signal, { ...progress, launched: false }))).to.deep.equal([1, 1]);
  });

  it("is 130 for a stopped task", () => {
    expect(taskExitCode({ status: "stopped", status_reason: "aborted/user: stopped by a user" })).to.equal(130);
    expect(taskExitCode({ status: "failed", status_reason: "failed/timeout: it ran longer than 2 s" })).to.equal(124);
  });
});

describe("what failed before the program", () => {
  it("quotes the set-up script, never ourselves", () => {
    const output = "fetching\nno such host\nwindlass: running the set-up script\n";
    expect(lastLine(output)).to.equal("no such host");
    expect(lastLine("windlass: running the set-up script\n")).to.equal("");
    expect(setupFailure().message).to.equal("the set-up script ended with exit code 7");
  });

  it("is the engine's failure when a step never ran", () => {
    const problem = "executor failed running [/bin/sh /tmp/windlass-build/run-setup.sh]: could not find bridge docker0";
    const error = buildError(problem, "") as RunError;
    expect(error.outcome).to.equal("failed/environment-build");
    expect(error.retryable).to.equal(true);
  });

  it("leaves out the frame that the engine's client puts around the engine's words", () => {
    const raw = new Error('(HTTP code 500) server error - Get "https://registry.example.org/v2/": dial tcp: no such host ');
    expect(engineWords(raw)).to.equal('Get "https://registry.example.org/v2/": dial tcp: no such host');
    expect((pullError("img", raw) as RunError).message).not.to.contain("HTTP code");
  });
});
