import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { keepReserve, releaseReserve } from "../../base/disk-reserve.ts";
import { RunConsole } from "../../monitor/console/run-console.ts";
import { judgeDisk } from "../../runner/disk-full.ts";
import type { Engine, RunContext } from "../../runner/engine.ts";
import type { Outcome, OutcomeCause } from "../../runner/outcome.ts";
import { temporaryFolder } from "../support/folder.ts";
import { runContext, taskWith } from "../support/run-context.ts";

const SIZE_MIB = 20;
const noEngine = (): Promise<Engine> => Promise.reject(new Error("no engine is needed"));

describe("the end of a run on a small disk", () => {
  let disk: string;

  beforeEach(async function () {
    if (process.getuid?.() !== 0) this.skip();
    disk = await temporaryFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE_MIB}m`, "tmpfs", disk]);
    await keepReserve(disk);
  });
  afterEach(() => {
    if (disk !== undefined) execFileSync("umount", [disk]);
  });

  async function context(): Promise<RunContext> {
    const folder = join(disk, "runs", "1");
    await mkdir(folder, { recursive: true });
    return { ...(await runContext(taskWith({}), disk)), folder, console: new RunConsole(folder) };
  }

  async function judged(cause: OutcomeCause): Promise<Outcome> {
    const outcome: Outcome = { cause, phase: "run", message: "it ended", exitCode: 1, retryable: false, timings: {} };
    const found = await context();
    await found.console.write("it prints\n");
    return await judgeDisk(outcome, found, noEngine);
  }

  const fill = async (): Promise<void> => {
    await context().then(({ console }) => console.write("\n"));
    await writeFile(join(disk, "filler"), Buffer.alloc(SIZE_MIB * 2 ** 20)).catch(() => undefined);
  };

  it("is the program's own while there is room", async () => {
    expect((await judged("failed/exit-code")).cause).to.equal("failed/exit-code");
    expect((await judged("completed")).hint).to.equal(undefined);
  });

  it("is the disk's when the reserve was given up before the program ended, so that a little room is left", async () => {
    await fill();
    await releaseReserve(disk);
    expect((await judged("failed/exit-code")).cause).to.equal("failed/disk-full");
    expect(await judged("completed")).to.include({ cause: "completed" });
    expect((await judged("completed")).hint).to.contain("may be missing");
    expect(await judged("aborted/user")).not.to.have.property("hint");
  });
});
