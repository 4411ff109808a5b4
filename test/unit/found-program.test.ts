import { expect } from "chai";
import { Cancelled } from "../../base/cancelled.ts";
import type { Engine, Running } from "../../runner/engine.ts";
import { type FoundParts, foundProgram } from "../../runner/found-program.ts";
import type { Launched } from "../../runner/run-request.ts";
import { runContext } from "../support/run-context.ts";

const PROGRAM = {} as Running;
const LAUNCHED = { handle: { kind: "process", pid: 1, startTime: "1", bootId: "boot" } } as Launched;

/** An engine that is away for the first calls, and has the program. */
function engineAwayFor(calls: number): () => Promise<Engine> {
  let left = calls;
  return () => (left-- > 0 ? Promise.reject(new Error("away")) : Promise.resolve({ adopt: () => Promise.resolve(PROGRAM) } as never));
}

async function partsWith(change: { awayFor: number; aborted?: boolean; leave?: AbortSignal; onError?: () => void }): Promise<FoundParts> {
  const signal = change.aborted === true ? AbortSignal.abort(new Cancelled("user")) : new AbortController().signal;
  return {
    context: { ...(await runContext()), signal },
    deps: { engine: engineAwayFor(change.awayFor) } as FoundParts["deps"],
    launched: LAUNCHED,
    begun: 0,
    mayHaveRun: false,
    leave: change.leave,
    onError: change.onError ?? (() => undefined),
  };
}

describe("the program of an earlier agent", () => {
  it("is found once the engine answers", async () => {
    expect(await foundProgram(await partsWith({ awayFor: 1 }))).to.equal(PROGRAM);
  });

  it("is found although its run was aborted meanwhile: it has to be stopped", async () => {
    expect(await foundProgram(await partsWith({ awayFor: 1, aborted: true }))).to.equal(PROGRAM);
  });

  it("is left to the next agent when this one leaves", async () => {
    const leaving = new AbortController();
    const parts = await partsWith({
      awayFor: Infinity,
      leave: leaving.signal,
      onError: () => leaving.abort(new Cancelled("agent-stopping")),
    });
    const error: unknown = await foundProgram(parts).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(Cancelled);
  });
});
