import { expect } from "chai";
import { ClaimLoop, type ClaimLoopParts } from "../../agent/claim-loop.ts";
import { Outage } from "../../agent/outage.ts";
import { HOUR_MS, MINUTE_MS } from "../../base/clock.ts";
import { type Logger, silentLogger } from "../../base/logger.ts";
import { JumpingClock } from "../support/jumping-clock.ts";

/** A logger that keeps what is told to everybody; `onInfo` is called at each good news. */
function told(onInfo: () => void = () => undefined): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const warn = (...words: unknown[]): void => void lines.push(String(words.at(-1)));
  const info = (...words: unknown[]): void => {
    warn(...words);
    onInfo();
  };
  return { logger: { ...silentLogger, warn, info, debug: () => undefined } as Logger, lines };
}

/** A claim loop on a server that fails `failures` times, in the look or in what is done with its answer, and ends the loop after. */
async function looking(failures: number, where: "peek" | "take"): Promise<{ lines: string[]; clock: JumpingClock }> {
  const [clock, over] = [new JumpingClock(), new AbortController()];
  const { logger, lines } = told(() => over.abort());
  let left = failures;
  const fail = (): void => {
    if (left-- > 0) throw new Error("the server is away");
  };
  const peek = async (): Promise<object> => {
    if (where === "peek") fail();
    return { queues: [{ id: "q", name: "default", entries: where === "take" ? [{ task: "t" }] : [] }], waited: true };
  };
  const parts = {
    config: () => ({ pollIntervalMs: 1, orderFairness: false }),
    deps: { client: { queues: { peek } } },
    queues: { known: async () => ["q"], seen: () => undefined, order: ["q"] },
    slots: { free: [{ worker: "host:0" }] },
    runs: {
      has: () => {
        fail();
        return true;
      },
    },
    counters: {},
    clock,
    logger,
    refusal: async () => undefined,
    isTooEarly: () => false,
    changed: () => new AbortController().signal,
  } as unknown as ClaimLoopParts;
  await new ClaimLoop(parts).run(over.signal);
  return { lines, clock };
}

describe("looking for work", () => {
  for (const where of ["peek", "take"] as const)
    it(`tells once that it fails and once that it is over, whether the ${where} fails`, async () => {
      const { lines, clock } = await looking(20, where);
      expect(lines).to.have.length(2);
      expect(lines[0]).to.equal("cannot look for work; trying again until it can");
      expect(lines[1]).to.match(/^can look for work again, after /);
      expect(Math.max(...clock.sleeps)).to.be.at.most(12_000);
    });
});

describe("an outage", () => {
  it("is told at growing distance, with how long it lasts, and at its end; the next one from the beginning", () => {
    const { logger, lines } = told();
    let now = 0;
    const outage = new Outage("look for work", logger, () => now);
    for (; now <= 8 * HOUR_MS; now += MINUTE_MS / 6) outage.failed(new Error("away"));
    outage.succeeded();
    outage.succeeded();
    outage.failed(new Error("away"));
    const spans = lines.map((line) => /(?:for|after) (\d.*?)( now)?$/.exec(line)?.[1] ?? "-");
    expect(spans.slice(0, 8)).to.deep.equal([
      "-",
      "1 min 0 s",
      "2 min 0 s",
      "4 min 0 s",
      "8 min 0 s",
      "16 min 0 s",
      "32 min 0 s",
      "1 h 4 min",
    ]);
    expect(spans.slice(8)).to.deep.equal([...[2, 3, 4, 5, 6, 7].map((hours) => `${hours} h 4 min`), "8 h 0 min", "-"]);
  });
});
