import { expect } from "chai";
import { systemClock } from "../../base/clock.ts";
import { isSchedule, onSchedule } from "../../base/schedule.ts";

describe("a schedule", () => {
  it("calls whenever it is due, and ends with its signal", async () => {
    const over = new AbortController();
    const calls: number[] = [];
    const work = (): Promise<void> => {
      calls.push(Date.now());
      if (calls.length === 2) over.abort();
      return Promise.resolve();
    };
    await onSchedule("* * * * * *", work, systemClock, over.signal);
    expect(calls.length).to.equal(2);
    expect((calls[1] ?? 0) - (calls[0] ?? 0)).to.be.within(800, 1_900);
  });

  it("does not hold up what ends before it is due", async () => {
    const over = new AbortController();
    setTimeout(() => over.abort(), 200);
    await onSchedule("0 3 * * *", () => Promise.reject(new Error("never")), systemClock, over.signal);
  });

  it("knows an expression from something else", async () => {
    expect(await isSchedule("0 3 * * *")).to.equal(true);
    expect(await isSchedule("every night")).to.equal(false);
  });
});
