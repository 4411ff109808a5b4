import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Clock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { createRedactor } from "../../monitor/console/redactor.ts";
import { startShipper } from "../../monitor/console/shipper.ts";
import { FaultySink } from "../support/event-sink.ts";
import { temporaryFolder } from "../support/folder.ts";
import { JumpingClock } from "../support/jumping-clock.ts";

const MIB = `${"x".repeat(1023)}\n`.repeat(1024);
const BURSTS = 3;
/** As the shipper has it; its other waits are not counted. */
const REST_MS = 50;

describe("a program that prints in bursts", () => {
  it("has the processor while it prints, and its whole console is sent afterwards", async () => {
    const path = join(await temporaryFolder(), "console.log");
    const sink = new FaultySink(new JumpingClock(), () => "taken");
    let rests = 0;
    let nowMs = 0;
    const clock: Clock = {
      now: () => nowMs,
      monotonic: () => nowMs,
      async sleep(ms) {
        nowMs += ms;
        if (ms === REST_MS && ++rests <= BURSTS) await appendFile(path, MIB.repeat(8));
      },
    };
    await appendFile(path, MIB.repeat(4));
    const options = {
      path,
      cursorPath: `${path}.cursor`,
      task: "task",
      worker: "w:0",
      sink,
      redactor: createRedactor([]),
      logger: silentLogger,
    };
    const shipper = await startShipper({ ...options, clock });
    while (rests < BURSTS + 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const { bytes } = await shipper.drain(new AbortController().signal);
    expect(bytes).to.equal((4 + 8 * BURSTS) * MIB.length);
    expect(rests).to.equal(BURSTS + 1);
  });
});
