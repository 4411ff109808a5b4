import { expect } from "chai";
import { Cooldown } from "../../agent/cooldown.ts";
import { DiskGuard } from "../../agent/disk/disk-guard.ts";
import { ageMs, DAY_MS, epochMs, HOUR_MS } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { onSchedule } from "../../base/schedule.ts";
import { startLimit } from "../../runner/time-limit.ts";
import { temporaryFolder } from "../support/folder.ts";
import { JumpingClock } from "../support/jumping-clock.ts";

/** Waits of the agent's queues and of doubts stand with theirs (`queue-list.test.ts`, `claim.test.ts`). */
describe("a clock that is set back", () => {
  it("makes nothing that was written down lie in the future, and moves what was measured with it", () => {
    const clock = new JumpingClock();
    const [writtenMs, measuredMs] = [clock.now(), clock.monotonic()];
    clock.advance(1_000);
    expect(ageMs(writtenMs, clock)).to.equal(1_000);
    clock.setBack(HOUR_MS);
    expect(ageMs(writtenMs, clock)).to.equal(0);
    expect(clock.now() - epochMs(measuredMs, clock)).to.equal(1_000);
  });

  it("does not lengthen the pause after a failure", () => {
    const clock = new JumpingClock();
    const cooldown = new Cooldown(clock);
    cooldown.saw("task", { cause: "failed/engine", phase: "launch", message: "gone", retryable: true, timings: {} });
    clock.setBack(DAY_MS);
    expect([cooldown.isTooEarly("task"), typeof cooldown.refusal()]).to.deep.equal([true, "string"]);
    clock.advance(5_000);
    expect([cooldown.isTooEarly("task"), cooldown.refusal()]).to.deep.equal([false, undefined]);
  });

  it("does not keep the disk from being looked at", async () => {
    const clock = new JumpingClock();
    let looks = 0;
    const look = async (): Promise<undefined> => void looks++;
    const limits = { budget: undefined, keepFree: { bytes: 0 }, maxAgeMs: undefined, keepRunsMs: 1 };
    const more = { stateFolder: await temporaryFolder(), limits: () => limits, schedule: undefined, logger: silentLogger };
    const guard = new DiskGuard({ ...more, store: look, openStore: look, clock });
    await guard.refusal();
    clock.setBack(DAY_MS);
    clock.advance(1_000);
    await guard.refusal();
    expect(looks).to.equal(2);
  });

  it("has a schedule asked anew", async () => {
    const clock = new JumpingClock();
    const over = new AbortController();
    clock.in(60_000, () => clock.setBack(365 * DAY_MS));
    await onSchedule(
      "0 3 * * *",
      async () => over.abort(),
      clock,
      over.signal,
      async () => clock.now() + DAY_MS,
    );
    expect(clock.monotonic()).to.be.within(DAY_MS, DAY_MS + HOUR_MS + 1);
  });

  it("leaves the time limit of a program that runs already as long as it is", async () => {
    const limit = new AbortController();
    const aborted = new Promise<unknown>((resolve) => limit.signal.addEventListener("abort", () => resolve(limit.signal.reason)));
    startLimit(20, Date.now() + HOUR_MS, limit);
    expect(await aborted).to.have.property("name", "Cancelled");
  });
});
