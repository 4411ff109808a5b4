import { expect } from "chai";
import { retryAfterOf } from "../../api/envelope.ts";
import { retry } from "../../base/retry.ts";
import { pauseMs } from "../../monitor/console/call-failure.ts";
import { JumpingClock } from "../support/jumping-clock.ts";

const dateIn = (ms: number): string => new Date(Date.now() + ms).toUTCString();

/** Header, and how long the agent waits then; undefined: as long as its own schedule says. */
const CASES: readonly [what: string, header: string | (() => string), fromMs: number | undefined, toMs?: number][] = [
  ["seconds", "7", 7_000],
  ["nothing at all", "0", 500],
  ["more than anybody waits", "86400", 300_000],
  ["more than a timer can count", "4294967296", 300_000],
  ["more than a number can hold", "9".repeat(400), 300_000],
  ["a negative number", "-5", undefined],
  ["a broken number", "1.5", undefined],
  ["words", "soon", undefined],
  ["words with a number", "in 10 apples", undefined],
  ["nothing", "", undefined],
  ["a date", () => dateIn(60_000), 40_000, 60_000],
  ["a date far away", dateIn(1e12), 300_000],
  ["a date that has passed", dateIn(-3_600_000), 500],
  ["a date that is none", "Fri, 99 Nov 2026 99:99:99 GMT", undefined],
];

async function pauseOfRetry(retryAfterMs: number | undefined): Promise<number | undefined> {
  const clock = new JumpingClock();
  let tries = 0;
  const attempt = async (): Promise<void> => {
    if (tries++ === 0) throw new Error("busy");
  };
  const schedule = { tries: 2, firstDelayMs: 40, factor: 1, maxDelayMs: 40 };
  await retry(attempt, { schedule, clock, retryable: () => true, askedDelayMs: () => retryAfterMs });
  return clock.sleeps[0];
}

describe("a Retry-After header", () => {
  for (const [what, header, fromMs, toMs = fromMs] of CASES)
    it(`that says ${what} is obeyed within reason`, async () => {
      const askedMs = retryAfterOf(typeof header === "string" ? header : header());
      const [ofCall, ofConsole] = [await pauseOfRetry(askedMs), pauseMs(askedMs === undefined ? {} : { retryAfterMs: askedMs }, 0)];
      expect(ofCall).to.be.within(fromMs ?? 32, toMs ?? 48);
      expect(ofConsole).to.be.within(fromMs ?? 400, toMs ?? 600);
    });
});
