import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { CleanUpReport } from "../../agent/disk/clean-up.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { fullDiskScenarios } from "../support/full-disk.ts";
import { eventually, Product } from "../support/product.ts";
import { QUEUE } from "../support/scenarios.ts";

async function gc(product: Product, state: string, ...args: string[]): Promise<CleanUpReport> {
  const { code, output } = await product.windlass(["gc", "--state", state, "--json", ...args]);
  expect(code, output).to.equal(0);
  return JSON.parse(output) as CleanUpReport;
}

const imagesIn = (report: CleanUpReport): string[] =>
  report.items.filter(({ kind }) => kind === "image").map(({ name, fate }) => `${name}: ${fate.is}`);

describe("disk space, with Docker", () => {
  before(requireDocker);

  it("removes images of its own that no run uses, with the layers that the build cache keeps of them", async function () {
    this.timeout(180_000);
    await using product = await Product.start();
    const state = join(product.folder, "state-disk");
    const base = await baseImage();
    await product.startDaemon({ queues: [QUEUE], stateFolder: state, name: "disk", args: ["--docker", base] });
    const mark = `${Date.now()}-${process.pid}`;
    const setup = `head -c 3000000 /dev/urandom > /made-${mark}\n`;
    const task = (diff: string): object => ({
      script: { entry_point: "main.py", diff, binary: "python3" },
      container: { image: base, setup_shell_script: setup },
    });
    const id = await product.enqueue(QUEUE, task("import time\nprint('it runs', flush=True)\ntime.sleep(600)\n"));
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"), 120_000);
    const name = `${base} + set-up script`;
    expect(imagesIn(await gc(product, state, "--budget", "0", "--dry-run"))).to.deep.equal([`${name}: in use`]);
    await product.session.call("tasks.stop", { task: id });
    await product.ended(id);
    const dry = await eventually("the run has let go", async () => {
      const report = await gc(product, state, "--budget", "1m", "--dry-run");
      return imagesIn(report)[0] === `${name}: goes` ? report : undefined;
    });
    expect(dry.items.find(({ kind }) => kind === "image")?.bytes).to.be.within(3_000_000, 3_100_000);
    const images = ownImages(state);
    const cached = buildCache();
    const config = join(product.folder, "gc.yaml");
    await writeFile(config, "disk: { budget: 1m }\n");
    const done = await gc(product, state, "--config", config);
    expect(imagesIn(done)).to.deep.equal([`${name}: gone`]);
    expect([images.length, ownImages(state).length]).to.deep.equal([1, 0]);
    const left = buildCache();
    expect(cached.filter(({ id: record }) => !left.some((other) => other.id === record)).some(({ bytes }) => bytes >= 3_000_000)).to.equal(
      true,
    );

    const again = await product.run(QUEUE, task(`import os\nprint(os.path.getsize('/made-${mark}'))\n`));
    expect(await product.consoleOf(again.id))
      .to.contain("environment built")
      .and.to.contain("3000000");
    await gc(product, state, "--config", config);
  });

  fullDiskScenarios({ name: "docker", daemonArgs: async () => ["--docker", await baseImage()] });
});

function ownImages(state: string): string[] {
  const { id } = JSON.parse(readFileSync(join(state, "agent.json"), "utf8")) as { id: string };
  const lines = execFileSync("docker", ["images", "-q", "--filter", `label=windlass.agent=${id}`])
    .toString()
    .trim();
  return lines === "" ? [] : lines.split("\n");
}

interface CacheRecord {
  readonly id: string;
  readonly bytes: number;
}

/** BuildKit's records, by the engine's own socket. */
function buildCache(): CacheRecord[] {
  const answer = execFileSync("curl", ["-sf", "--unix-socket", "/var/run/docker.sock", "http://engine/system/df"], {
    maxBuffer: 64 * 2 ** 20,
  });
  const { BuildCache } = JSON.parse(answer.toString()) as { BuildCache: { ID: string; Size: number }[] };
  return BuildCache.map(({ ID, Size }) => ({ id: ID, bytes: Size }));
}
