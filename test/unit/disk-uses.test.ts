import { access, mkdir, mkdtemp, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { cleanUp } from "../../agent/disk/clean-up.ts";
import { inventory } from "../../agent/disk/inventory.ts";
import type { KeptItem } from "../../agent/disk/kept-item.ts";
import { removeItem } from "../../agent/disk/remove.ts";
import { withFileLock } from "../../base/file-lock.ts";
import { silentLogger } from "../../base/logger.ts";
import { concludeRemoval, type Kept, markUse, releaseUses } from "../../runner/uses.ts";

const KEPT: Kept = { kind: "environment", name: "abc" };

async function stateFolder(): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), "windlass-disk-"));
  await mkdir(join(state, "journal"));
  await mkdir(join(state, "environments/abc/bin"), { recursive: true });
  await writeFile(join(state, "environments/abc/bin/python"), "x".repeat(10_000));
  await writeFile(join(state, "environments/abc/READY"), "");
  return state;
}

const live = async (state: string, run: string): Promise<void> => await writeFile(join(state, "journal", `${run}.json`), "{}");
const isThere = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );
const removeAll = async (state: string): Promise<boolean[]> =>
  await Promise.all((await inventory(state, undefined, "state")).map((item) => removeItem(state, item, undefined)));

describe("what runs use", () => {
  it("stays while a run of the journal has its mark on it, and goes afterwards", async () => {
    const state = await stateFolder();
    await live(state, "run1");
    expect(await markUse(state, KEPT, "run1")).to.equal(true);
    expect((await inventory(state, undefined, "state")).map((item) => item.inUse)).to.deep.equal([true]);
    expect(await removeAll(state)).to.deep.equal([false]);
    await releaseUses(state, "run1");
    expect(await removeAll(state)).to.deep.equal([true]);
    expect(await readdir(join(state, "environments"))).to.deep.equal([]);
    expect(await readdir(join(state, "trash"))).to.deep.equal([]);
    expect(await readdir(join(state, "uses"))).to.deep.equal([]);
  });

  it("does not stay for a run that the journal has forgotten", async () => {
    const state = await stateFolder();
    await markUse(state, KEPT, "dead");
    expect(await removeAll(state)).to.deep.equal([true]);
  });

  it("stays while somebody builds it", async () => {
    const state = await stateFolder();
    await withFileLock(join(state, "environments/abc.lock"), async () => {
      expect(await removeAll(state)).to.deep.equal([false]);
    });
  });

  it("is not trusted by a run that comes while it is being removed, nor after a clean-up died at it", async () => {
    const state = await stateFolder();
    await mkdir(join(state, "uses"));
    await writeFile(join(state, "uses/environment-abc.removing"), "");
    expect(await markUse(state, KEPT, "run2")).to.equal(false);
    await concludeRemoval(state, KEPT);
    expect(await markUse(state, KEPT, "run3")).to.equal(true);
  });

  it("survives a race: what a run finds after its mark stays whole", async function () {
    this.timeout(60_000);
    let hits = 0;
    for (let round = 0; round < 150; round++) {
      const state = await stateFolder();
      await live(state, "run");
      const use = async (): Promise<boolean> => {
        for (let turns = 0; turns < (round % 2 === 0 ? 1 : 20) * (round % 50); turns++) await new Promise(setImmediate);
        return (await markUse(state, KEPT, "run")) && (await isThere(join(state, "environments/abc/READY")));
      };
      const [item] = await inventory(state, undefined, "state");
      const [hit, gone] = await Promise.all([use(), removeItem(state, item as KeptItem, undefined)]);
      if (hit) {
        hits++;
        expect(gone, "removed under a run").to.equal(false);
        expect(await isThere(join(state, "environments/abc/bin/python"))).to.equal(true);
      }
    }
    expect(hits).to.be.greaterThan(0);
  });
});

describe("a clean-up", () => {
  const limits = { budget: undefined, keepFree: { bytes: 0 }, maxAgeMs: undefined, keepRunsMs: 86_400_000 };

  it("takes away what an interrupted one left aside, and what was never finished", async () => {
    const state = await stateFolder();
    await mkdir(join(state, "trash/1234/deep"), { recursive: true });
    await mkdir(join(state, "environments/half/bin"), { recursive: true });
    await mkdir(join(state, "mirrors/half.git/objects"), { recursive: true });
    const report = await cleanUp({ stateFolder: state, store: undefined, limits, logger: silentLogger });
    expect(report.items.filter(({ fate }) => fate.is === "gone").map(({ kind }) => kind)).to.deep.equal([
      "leftover",
      "leftover",
      "leftover",
    ]);
    expect(await readdir(join(state, "trash"))).to.deep.equal([]);
    expect(await readdir(join(state, "environments"))).to.deep.equal(["abc"]);
    expect(await readdir(join(state, "mirrors"))).to.deep.equal([]);
  });

  it("removes nothing when it is only asked what would go", async () => {
    const state = await stateFolder();
    const report = await cleanUp({
      stateFolder: state,
      store: undefined,
      limits: { ...limits, budget: { bytes: 0 } },
      dryRun: true,
      logger: silentLogger,
    });
    expect(report.items.map(({ fate }) => fate)).to.deep.equal([{ is: "goes", why: "budget" }]);
    expect(report.freedBytes).to.be.greaterThan(10_000);
    expect(await isThere(join(state, "environments/abc/READY"))).to.equal(true);
  });
});
