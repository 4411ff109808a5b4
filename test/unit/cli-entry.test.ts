import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { MAIN, windlass } from "../support/windlass-command.ts";

/** Node believes that it is an older one. */
const olderNode = (version: string): string[] => [
  "--import",
  `data:text/javascript,Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`,
];

describe("the entry of windlass", () => {
  it("says which Node it needs before it loads anything", async () => {
    for (const version of ["20.20.2", "22.18.0"]) {
      const { code, stdout, stderr } = await windlass(["--version"], { node: olderNode(version) });
      expect(stderr).to.equal(`windlass needs Node 22.19 or newer, this is ${version}\n`);
      expect(stdout).to.equal("");
      expect(code).to.equal(1);
    }
    expect(await readFile(MAIN, "utf8")).not.to.match(/^import /m);
  });

  it("runs on the oldest Node that it names", async () => {
    expect((await windlass(["--version"], { node: olderNode("22.19.0") })).code).to.equal(0);
  });

  it("prints its version as a command, too", async () => {
    const [command, flag] = await Promise.all([windlass(["version"]), windlass(["--version"])]);
    expect(command).to.deep.equal(flag);
    expect(command.stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("output", () => {
  it("that nobody reads any more ends a command quietly, with a shell's code for it", async () => {
    const onStart = (child: ChildProcess): void => void child.stdout?.destroy();
    const { code, stderr } = await windlass(["config"], { onStart });
    expect(stderr).to.equal("");
    expect(code).to.equal(141);
  });

  it("that nobody reads any more does not end a service, whichever of its pipes is closed", async function () {
    this.timeout(20_000);
    const onStart = (child: ChildProcess): void => {
      child.stdout?.on("data", (text: Buffer) => {
        if (!/^ready/m.test(text.toString())) return;
        child.stdout?.destroy();
        child.stderr?.destroy();
        setTimeout(() => child.kill("SIGHUP"), 200).unref();
        setTimeout(() => child.kill("SIGTERM"), 600).unref();
      });
    };
    const folder = await mkdtemp(join(tmpdir(), "windlass-pipes-"));
    const args = ["up", "--data", folder, "--api-port", "0", "--files-port", "0"];
    expect((await windlass(args, { onStart })).code).to.equal(0);
  });

  it("of windlass up is its ready lines; its log goes to standard error, a line of JSON each", async function () {
    this.timeout(20_000);
    const folder = await mkdtemp(join(tmpdir(), "windlass-up-"));
    const onStart = (child: ChildProcess): void => {
      child.stdout?.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("ready:")) setTimeout(() => child.kill("SIGTERM"), 200);
      });
    };
    const { stdout, stderr } = await windlass(["up", "--data", folder, "--api-port", "0", "--files-port", "0", "--gpus", "99"], {
      onStart,
    });
    expect(stdout).to.match(/^configuration for clients: \S+clearml\.conf .*\nready: API http:\S+, files http:\S+, agent .* on default\n$/);
    const [warning, ...log] = stderr.trimEnd().split("\n");
    expect(warning).to.contain("--gpus 99").and.to.contain("GPU");
    for (const line of log) expect(JSON.parse(line)).to.include.keys("time", "msg");
  });
});
