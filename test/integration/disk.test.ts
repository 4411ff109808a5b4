import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { CleanUpReport } from "../../agent/disk/clean-up.ts";
import { fullDiskScenarios } from "../support/full-disk.ts";
import { eventually, Product } from "../support/product.ts";
import { makeRepository } from "../support/repository.ts";
import { QUEUE } from "../support/scenarios.ts";

async function gc(product: Product, state: string, ...args: string[]): Promise<CleanUpReport> {
  const { code, output } = await product.windlass(["gc", "--state", state, "--json", ...args]);
  expect(code, output).to.equal(0);
  return JSON.parse(output) as CleanUpReport;
}

const fates = (report: CleanUpReport): Record<string, string> =>
  Object.fromEntries(report.items.filter(({ kind }) => kind !== "run").map(({ kind, fate }) => [kind, fate.is]));

describe("disk space, with processes", () => {
  it("cleans mirrors, environments and caches beside a running agent, but nothing that a run uses, also after kill -9", async function () {
    this.timeout(180_000);
    await using product = await Product.start();
    const state = join(product.folder, "state-disk");
    const go = join(product.folder, "go");
    const repository = await makeRepository({
      "main.py": `import os, six, subprocess, time\nprint("six is here", flush=True)\nwhile not os.path.exists(${JSON.stringify(go)}): time.sleep(0.1)\nprint(subprocess.run(["git", "show", "--stat"], capture_output=True, text=True))\n`,
    });
    const fields = {
      script: {
        repository: repository.url,
        branch: "main",
        entry_point: "main.py",
        binary: "python3",
        requirements: { pip: "six==1.16.0" },
      },
    };
    const daemon = await product.startDaemon({ queues: [QUEUE], stateFolder: state, name: "disk" });
    const id = await product.enqueue(QUEUE, fields);
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("six is here"), 60_000);
    expect(fates(await gc(product, state, "--budget", "0"))).to.include({ mirror: "in use", environment: "in use" });

    daemon.child.kill("SIGKILL");
    await daemon.ended;
    expect(fates(await gc(product, state, "--budget", "0"))).to.include({ mirror: "in use", environment: "in use" });
    await writeFile(go, "");

    await product.startDaemon({ queues: [QUEUE], stateFolder: state, name: "disk" });
    await product.ended(id);
    await eventually("the run is settled", async () => (await readdir(join(state, "journal"))).length === 0);
    const dry = await gc(product, state, "--budget", "0", "--dry-run");
    expect(fates(dry)).to.include({ mirror: "goes", environment: "goes" });
    expect(dry.items.find(({ kind }) => kind === "mirror")?.name).to.equal(repository.url);
    expect(dry.items.find(({ kind }) => kind === "environment")?.name).to.equal("six==1.16.0");
    const done = await gc(product, state, "--budget", "0");
    expect(fates(done)).to.include({ mirror: "gone", environment: "gone" });
    expect(await readdir(join(state, "trash"))).to.deep.equal([]);

    const again = await product.run(QUEUE, fields);
    const text = await product.consoleOf(again.id);
    expect(again.status, text).to.equal("completed");
    expect(text).to.contain("environment built");
    expect(text).to.match(/git.*returncode=0/);
  });

  it("says in a table what is kept, and refuses a folder that is not there", async function () {
    this.timeout(60_000);
    await using product = await Product.start();
    const state = join(product.folder, "state-table");
    const daemon = await product.startDaemon({ queues: [QUEUE], stateFolder: state, name: "table" });
    await product.run(QUEUE, { name: "a named task", script: { entry_point: "a.py", diff: "print(1)\n", binary: "python3" } });
    const table = await product.windlass(["gc", "--state", state]);
    expect(table.output).to.match(/^KIND +NAME +SIZE +USED +STATE$/m);
    expect(table.output).to.match(/^run +console of [0-9a-f]{32} a named task +\d.*stays$/m);
    expect((await product.windlass(["gc", "--state", join(product.folder, "nowhere")])).code).to.equal(1);
    daemon.mustLive();
  });

  fullDiskScenarios({ name: "process", daemonArgs: async () => [] });
});
