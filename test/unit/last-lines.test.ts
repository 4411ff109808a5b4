import { readFile, stat, utimes } from "node:fs/promises";
import { expect } from "chai";
import { RunConsole } from "../../monitor/console/run-console.ts";
import { timingLine, writeLastLines } from "../../runner/last-lines.ts";
import type { Outcome } from "../../runner/outcome.ts";
import { temporaryFolder } from "../support/folder.ts";

async function linesOf(outcome: Outcome): Promise<string[]> {
  const console = new RunConsole(await temporaryFolder());
  await writeLastLines(console, { outcome, next: undefined, consoleBytes: 0 });
  return (await readFile(console.path, "utf8")).split("\n");
}

describe("the last lines of a console", () => {
  it("stand once, also when an agent was killed while it wrote them", async () => {
    const console = new RunConsole(await temporaryFolder());
    await console.write("printed\nwindlass: comp");
    const outcome: Outcome = { cause: "completed", phase: "run", message: "ended", retryable: false, timings: { runMs: 5 } };
    await writeLastLines(console, { outcome, next: "it goes on", consoleBytes: 8 });
    expect(await readFile(console.path, "utf8")).to.equal("printed\nwindlass: completed\nwindlass: it goes on\nwindlass: run 5 ms\n");
  });

  it("stay where they are when they are written again, and the file is not touched: they may be on their way already", async () => {
    const console = new RunConsole(await temporaryFolder());
    const outcome: Outcome = { cause: "completed", phase: "run", message: "ended", retryable: false, timings: { runMs: 5 } };
    await console.write("no line end");
    const decided = { outcome, next: undefined, consoleBytes: 11 };
    await writeLastLines(console, decided);
    await utimes(console.path, 1, 1);
    await writeLastLines(console, decided);
    expect((await stat(console.path)).mtimeMs).to.equal(1_000);
    expect(await readFile(console.path, "utf8")).to.equal("no line end\nwindlass: completed\nwindlass: run 5 ms\n");
  });

  it("take the place of anything else", async () => {
    const console = new RunConsole(await temporaryFolder());
    const outcome: Outcome = { cause: "completed", phase: "run", message: "ended", retryable: false, timings: { runMs: 5 } };
    await console.write("printed\nlate");
    await writeLastLines(console, { outcome, next: undefined, consoleBytes: 8 });
    expect(await readFile(console.path, "utf8")).to.equal("printed\nwindlass: completed\nwindlass: run 5 ms\n");
  });

  it("name cause, phase and hint, each line marked as ours", async () => {
    const timings = { waitedMs: 200, sourceMs: 1_500 };
    const outcome: Outcome = { cause: "failed/source-auth", phase: "source", message: "no", hint: "Look.", retryable: false, timings };
    expect(await linesOf(outcome)).to.deep.equal([
      "windlass: failed/source-auth (source): no",
      "windlass: hint: Look.",
      "windlass: waited 200 ms · source 1.5 s",
      "",
    ]);
  });

  it("are short when all went well", async () => {
    const timings = { environmentMs: 5, environmentHit: true, launchMs: 30, runMs: 61_000 };
    expect(await linesOf({ cause: "completed", phase: "run", message: "ended", retryable: false, timings })).to.deep.equal([
      "windlass: completed",
      "windlass: environment hit 5 ms · launch 30 ms · run 1 min 1 s",
      "",
    ]);
  });

  it("tell a built environment from one that was there", () => {
    expect(timingLine({ environmentMs: 5_000, environmentHit: false })).to.equal("environment built 5.0 s");
    expect(timingLine({ environmentMs: 5_000, environmentHit: true })).to.equal("environment hit 5.0 s");
  });

  it("do not call an environment built that failed", () => {
    expect(timingLine({ sourceMs: 1_000, environmentMs: 2 })).to.equal("source 1.0 s · environment 2 ms");
  });
});
