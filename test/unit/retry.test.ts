import { expect } from "chai";
import { jittered } from "../../base/clock.ts";
import { BRIEF, PATIENT, type RetryOptions, retry } from "../../base/retry.ts";
import { failureOf } from "../support/failure.ts";
import { JumpingClock } from "../support/jumping-clock.ts";

/** Fails `failures` times, then answers how often it was called. */
function failing(failures: number): () => Promise<number> {
  let calls = 0;
  return async () => {
    if (++calls <= failures) throw new Error(`failure ${calls}`);
    return calls;
  };
}

function options(clock: JumpingClock, more: Partial<RetryOptions> = {}): RetryOptions {
  return { schedule: { tries: 4, firstDelayMs: 100, factor: 2, maxDelayMs: 300 }, retryable: () => true, clock, ...more };
}

describe("retrying", () => {
  it("pauses longer each time, up to a limit, give or take a fifth", async () => {
    const clock = new JumpingClock();
    expect(await retry(failing(3), options(clock))).to.equal(4);
    [100, 200, 300].forEach((ms, at) => {
      expect(clock.sleeps[at]).to.be.within(ms * 0.8, ms * 1.2);
    });
  });

  it("throws the last error when the tries are used up", async () => {
    const clock = new JumpingClock();
    expect((await failureOf(retry(failing(9), options(clock)))).message).to.equal("failure 4");
    expect(clock.sleeps).to.have.length(3);
  });

  it("throws at once what is not worth another try", async () => {
    expect((await failureOf(retry(failing(9), options(new JumpingClock(), { retryable: () => false })))).message).to.equal("failure 1");
  });

  it("pauses as long as the other side asks for, without jitter", async () => {
    const clock = new JumpingClock();
    await retry(failing(1), options(clock, { askedDelayMs: () => 12_345 }));
    expect(clock.sleeps).to.deep.equal([12_345]);
  });

  it("tells of each pause", async () => {
    const told: number[] = [];
    await retry(failing(2), options(new JumpingClock(), { onRetry: (_error, attempt) => void told.push(attempt) }));
    expect(told).to.deep.equal([1, 2]);
  });

  it("ends with the abort's reason: before a try, and in a pause", async () => {
    const reason = new Error("enough");
    const clock = new JumpingClock();
    expect(await failureOf(retry(failing(0), options(clock, { signal: AbortSignal.abort(reason) })))).to.equal(reason);
    const control = new AbortController();
    clock.in(50, () => control.abort(reason));
    expect(await failureOf(retry(failing(9), options(clock, { signal: control.signal })))).to.equal(reason);
  });

  it("has a brief schedule of at most about fifteen seconds and a patient one without end", async () => {
    const clock = new JumpingClock(0);
    await failureOf(retry(failing(99), options(clock, { schedule: BRIEF })));
    expect(clock.now()).to.be.within(5_000, 18_000);
    expect(await retry(failing(200), options(clock, { schedule: PATIENT }))).to.equal(201);
    expect(Math.max(...clock.sleeps)).to.be.at.most(36_000);
  });

  it("jitters to both sides", () => {
    expect(jittered(100, 0.2, () => 0)).to.equal(80);
    expect(jittered(100, 0.2, () => 1)).to.equal(120);
  });
});
