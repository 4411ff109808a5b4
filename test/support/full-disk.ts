import { execFileSync } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { eventually, Product } from "./product.ts";
import { commitAll, makeRepository } from "./repository.ts";
import { type EngineUnderTest, QUEUE } from "./scenarios.ts";
import { windlass } from "./windlass-command.ts";

const FILLER = `
import os
print("before the disk is full", flush=True)
with open("filler", "wb") as file:
    while True:
        file.write(os.urandom(1 << 20))
`;
/** Goes on until nothing at all can be written, swallows what the system says, and ends with a code of its own. */
const STUBBORN = `
import os, sys
print("before the disk is full", flush=True)
file = os.open("filler", os.O_WRONLY | os.O_CREAT)
for size in (1 << 20, 4096, 1):
    try:
        while True:
            os.write(file, b"x" * size)
    except OSError:
        pass
os._exit(7)
`;
/** Prints without end, as fast as it can. */
const PRINTER = `import subprocess, sys\nsubprocess.run(["yes", "x" * 999])\nsys.exit(3)\n`;
/** The same, but all is well for it. */
const UNCONCERNED = `
import os
try:
    while True: os.write(1, b"x" * 999 + b"\\n")
except OSError:
    os._exit(0)
`;
const PRINTED_MIB = 60;
/** A look at the disk is good for a second. */
const LOOK_MS = 1_100;
const SIZE_MIB = Number(process.env["WINDLASS_FULL_DISK_MIB"] ?? 300);

/** Takes all that is free, to the last piece. */
const fill = (folder: string): void => {
  execFileSync("sh", ["-c", 'cat /dev/zero >"$0/outside-$$" 2>/dev/null; true', folder]);
};

/** A small disk of its own under the agent's state folder, filled up by tasks. Needs root, for the mount. */
export function fullDiskScenarios(engine: EngineUnderTest): void {
  describe("on a small disk", () => {
    before(function () {
      if (process.getuid?.() === 0) return;
      process.stdout.write("    only root can mount a small disk: these tests are skipped\n");
      this.skip();
    });

    const script = (diff: string): object => ({ script: { entry_point: "main.py", diff, binary: "python3" } });

    async function withSmallDisk(work: (product: Product, state: string) => Promise<void>, mib = SIZE_MIB): Promise<void> {
      await using product = await Product.start();
      const state = join(product.folder, "small-disk");
      await mkdir(state);
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mib}m`, "tmpfs", state]);
      try {
        await work(product, state);
      } finally {
        await product.endAgents();
        execFileSync("umount", [state]);
      }
    }

    it("names a task that fills it, keeps its console, cleans up and runs the next ones", async function () {
      this.timeout(180_000);
      await withSmallDisk(async (product, state) => {
        const daemon = await product.startDaemon({ queues: [QUEUE], stateFolder: state, args: await engine.daemonArgs() });
        for (const filler of [FILLER, STUBBORN, FILLER]) {
          const id = await product.enqueue(QUEUE, script(filler));
          const next = await product.enqueue(QUEUE, script("print('the next one')\n"));
          const failed = await product.ended(id);
          const text = await product.consoleOf(id);
          expect(`${failed.status} ${failed.status_reason}`, text).to.match(/^failed failed\/disk-full/);
          expect(text)
            .to.contain("before the disk is full")
            .and.to.match(/windlass: failed\/disk-full \(run\)/);
          if (filler === STUBBORN) expect(failed.status_reason).to.contain("exit code 7");
          expect((await product.ended(next)).status, daemon.output).to.equal("completed");
        }
        daemon.mustLive();
        await eventually("the reserve is made again", async () => (await readdir(state)).includes("reserve"));
        await eventually("the journal is empty", async () => (await readdir(join(state, "journal"))).length === 0);
      });
    });

    it("names a task whose console alone fills it, keeps that console, and runs the next ones", async function () {
      this.timeout(240_000);
      await withSmallDisk(async (product, state) => {
        const daemon = await product.startDaemon({ queues: [QUEUE], stateFolder: state, args: await engine.daemonArgs() });
        const ended = async (diff: string): Promise<{ end: string; text: string }> => {
          const task = await product.run(QUEUE, script(diff));
          return { end: `${task.status} ${task.status_reason}`, text: await product.consoleOf(task.id) };
        };
        const failed = await ended(PRINTER);
        expect(failed.end).to.match(/^failed failed\/disk-full.*exit code 3/);
        expect(failed.text.length).to.be.greaterThan((PRINTED_MIB / 2) * 2 ** 20);
        expect(failed.text.slice(-1_000)).to.match(/windlass: failed\/disk-full \(run\)/);
        const unconcerned = await ended(UNCONCERNED);
        expect(unconcerned.end).to.equal("completed completed");
        expect(unconcerned.text.slice(-1_000)).to.contain("what it printed last may be missing");
        expect((await ended("print('the next one')\n")).end, daemon.output).to.equal("completed completed");
        daemon.mustLive();
        await eventually("the journal is empty", async () => (await readdir(join(state, "journal"))).length === 0);
      }, PRINTED_MIB);
    });

    it("names a repository that does not fit, and goes on with the next task", async function () {
      this.timeout(180_000);
      await withSmallDisk(async (product, state) => {
        const config = join(product.folder, "once.yaml");
        await writeFile(config, "run: { requeue_limit: 0 }\n");
        const args = ["--config", config, ...(await engine.daemonArgs())];
        const daemon = await product.startDaemon({ queues: [QUEUE], stateFolder: state, args });
        const { url } = await makeRepository({ "main.py": "print(1)\n" });
        // Room for a claim, but not for this repository.
        const roomMib = SIZE_MIB / 4;
        await writeFile(join(state, "foreign"), Buffer.alloc((SIZE_MIB - roomMib) * 2 ** 20));
        execFileSync("sh", ["-c", `head -c ${(roomMib + 10) * 2 ** 20} /dev/urandom > "$0"/large`, url]);
        await commitAll(url, "large");
        const task = await product.run(QUEUE, { script: { repository: url, branch: "main", entry_point: "main.py", binary: "python3" } });
        execFileSync("rm", ["-rf", url]);
        const text = await product.consoleOf(task.id);
        expect(`${task.status} ${task.status_reason}`, text).to.match(/^failed failed\/disk-full/);
        expect(text).to.match(/windlass: failed\/disk-full \(source\)/);
        expect((await product.run(QUEUE, script("print('the next one')\n"))).status, daemon.output).to.equal("completed");
        daemon.mustLive();
      });
    });

    it("starts on it when it is full, and goes on with its run; when the reserve is gone, too, gc still makes room", async function () {
      this.timeout(180_000);
      await withSmallDisk(async (product, state) => {
        const options = { queues: [QUEUE], stateFolder: state, args: await engine.daemonArgs() };
        const first = await product.startDaemon(options);
        await product.run(QUEUE, script("for n in range(8000): print('x' * 999)\n"));
        const there = async (): Promise<boolean> => {
          const names = await readdir(state);
          return names.includes("reserve") && names.includes("reserve-for-clean-up");
        };
        await eventually("the reserve is there", there);
        const id = await product.enqueue(QUEUE, script("import time\nfor n in range(40): print('line', n, flush=True); time.sleep(0.5)\n"));
        await eventually("it prints", async () => (await product.consoleOf(id)).includes("line 2"));
        fill(state);
        first.child.kill("SIGKILL");
        await first.ended;
        const second = await product.startDaemon(options);
        expect((await product.ended(id)).status, second.output).to.equal("completed");
        const lines = (await product.consoleOf(id)).match(/^line \d+$/gm);
        expect(lines).to.deep.equal(Array.from({ length: 40 }, (_, n) => `line ${n}`));
        await product.run(QUEUE, script("for n in range(4000): print('x' * 999)\n"));
        await eventually("the reserve is there again", there);
        await product.endAgents();
        await rm(join(state, "reserve"));
        fill(state);
        const { code, stdout, stderr } = await windlass(["gc", "--state", state, "--budget", "0"], { env: product.clientEnv });
        expect(code, stderr).to.equal(0);
        expect(stdout).to.match(/freed \d[\d.]* MiB/);
      }, PRINTED_MIB);
    });

    it("takes no task while something else has filled it, says so, and goes on when there is room", async function () {
      this.timeout(120_000);
      await withSmallDisk(async (product, state) => {
        const daemon = await product.startDaemon({ queues: [QUEUE], stateFolder: state, args: await engine.daemonArgs() });
        const foreign = join(state, "foreign");
        await writeFile(foreign, Buffer.alloc((SIZE_MIB - 26) * 2 ** 20));
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        const id = await product.enqueue(QUEUE, script("print('in the end')\n"));
        await daemon.waitFor(/no new tasks: only .* free on the disk of/);
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        expect((await product.tasks.get(id)).status).to.equal("queued");
        expect(daemon.output.match(/no new tasks/g)?.length, "said once").to.equal(1);
        execFileSync("rm", [foreign]);
        expect((await product.ended(id, 20_000)).status).to.equal("completed");
        await eventually("it says that it goes on", async () => daemon.output.includes("looking for work again"));
      });
    });
  });
}
