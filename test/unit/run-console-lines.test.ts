import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { RunConsole } from "../../monitor/console/run-console.ts";
import { writeLastLines } from "../../runner/last-lines.ts";
import { sayContainerIsUnused } from "../../runner/process/unused-container.ts";

const newConsole = async (): Promise<RunConsole> => new RunConsole(await mkdtemp(join(tmpdir(), "windlass-console-")));
const outcome = { cause: "completed", phase: "run", message: "the program ended", retryable: false, timings: { runMs: 10 } } as const;

describe("our own lines in a console", () => {
  it("begin on a line of their own, and stay the same when they are written again", async () => {
    for (const [program, shown] of [
      ["no line end", "no line end\n"],
      ["a line\n", "a line\n"],
      ["", ""],
    ] as const) {
      const console = await newConsole();
      await console.write(program);
      const decided = { outcome, next: undefined, consoleBytes: Buffer.byteLength(program) };
      await writeLastLines(console, decided);
      await writeLastLines(console, decided);
      expect(await readFile(console.path, "utf8")).to.equal(`${shown}windlass: completed\nwindlass: run 10 ms\n`);
    }
  });

  it("say that a process does not use the image and the arguments that its task asks for", async () => {
    const said = async (container: object): Promise<string> => {
      const console = await newConsole();
      await console.write("");
      await sayContainerIsUnused({ task: { container } as never, console });
      return await readFile(console.path, "utf8");
    };
    expect(await said({ image: "python:3.12" })).to.equal(
      "windlass: the task asks for the image python:3.12; this agent runs tasks as processes (no --docker), so it is not used\n",
    );
    expect(await said({ image: "img", arguments: ["-m", "1g"] })).to.contain("the image img and the container arguments -m 1g; ");
    expect(await said({ image: "", arguments: "" })).to.equal("");
  });
});
