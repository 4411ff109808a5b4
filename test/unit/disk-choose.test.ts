import { expect } from "chai";
import { parseAmount } from "../../agent/config-schema.ts";
import { choose, type Limits } from "../../agent/disk/choose.ts";
import { budgetIn, keepFreeIn } from "../../agent/disk/disk-limits.ts";
import type { KeptItem } from "../../agent/disk/kept-item.ts";

const NOW = 1_000_000_000_000;
const HOUR_MS = 3_600_000;

function item(name: string, change: Partial<KeptItem>): KeptItem {
  return {
    kind: "environment",
    name,
    bytes: 100,
    lastUsedMs: NOW - HOUR_MS,
    inUse: false,
    disk: "state",
    place: { on: "files", path: `/state/${name}` },
    ...change,
  };
}

function going(items: readonly KeptItem[], limits: Partial<Limits>): Record<string, string> {
  const chosen = choose(items, {
    now: NOW,
    budgetBytes: undefined,
    maxAgeMs: undefined,
    keepRunsMs: 24 * HOUR_MS,
    missingBytes: { state: 0, engine: 0 },
    ...limits,
  });
  return Object.fromEntries([...chosen].map(([{ name }, why]) => [name, why]));
}

describe("what a clean-up chooses", () => {
  const old = item("old", { lastUsedMs: NOW - 5 * HOUR_MS });
  const middle = item("middle", { lastUsedMs: NOW - 3 * HOUR_MS });
  const fresh = item("fresh", { lastUsedMs: NOW });

  it("is nothing while everything is within its limits", () => {
    expect(going([old, middle, fresh], { budgetBytes: 300, maxAgeMs: 6 * HOUR_MS })).to.deep.equal({});
  });

  it("is what was used least recently, until the budget holds", () => {
    expect(going([fresh, old, middle], { budgetBytes: 200 })).to.deep.equal({ old: "budget" });
    expect(going([fresh, old, middle], { budgetBytes: 199 })).to.deep.equal({ old: "budget", middle: "budget" });
  });

  it("is never in use, though it counts", () => {
    const used = item("used", { lastUsedMs: 0, inUse: true, bytes: 1_000 });
    expect(going([used, old, fresh], { budgetBytes: 0, maxAgeMs: 1, missingBytes: { state: 5_000, engine: 5_000 } })).to.have.all.keys(
      "old",
      "fresh",
    );
    expect(going([used, old, fresh], { budgetBytes: 1_100 })).to.deep.equal({ old: "budget" });
  });

  it("is what is too old, and consoles after a time of their own", () => {
    const run = item("run", { kind: "run", lastUsedMs: NOW - 25 * HOUR_MS });
    expect(going([old, middle, run], { maxAgeMs: 4 * HOUR_MS })).to.deep.equal({ old: "age", run: "age" });
    expect(going([old, middle, run], {})).to.deep.equal({ run: "age" });
  });

  it("is left over things always, and they count for the budget", () => {
    const half = item("half", { kind: "leftover", lastUsedMs: NOW });
    expect(going([half, old, middle], { budgetBytes: 200 })).to.deep.equal({ half: "leftover" });
  });

  it("is on the disk that has no room, and not more than it takes", () => {
    const image = item("image", { kind: "image", disk: "engine", lastUsedMs: NOW - 9 * HOUR_MS });
    expect(going([image, old, middle], { missingBytes: { state: 150, engine: 0 } })).to.deep.equal({ old: "space", middle: "space" });
    expect(going([image, old, middle], { missingBytes: { state: 0, engine: 1 } })).to.deep.equal({ image: "space" });
  });

  it("is nothing empty: that frees no room", () => {
    expect(going([item("empty", { bytes: 0, lastUsedMs: 0 }), old], { budgetBytes: 0 })).to.deep.equal({ old: "budget" });
  });
});

describe("amounts of disk space", () => {
  it("are sizes or shares, and small disks keep less free", () => {
    const limits = { budget: parseAmount("50%"), keepFree: undefined, maxAgeMs: undefined, keepRunsMs: 0 };
    expect(budgetIn(limits, 1_000)).to.equal(500);
    expect(budgetIn({ ...limits, budget: parseAmount("2k") }, 1_000)).to.equal(2_048);
    expect(budgetIn({ ...limits, budget: undefined }, 1_000)).to.equal(undefined);
    expect(keepFreeIn(limits, 20 * 2 ** 30)).to.equal(2 * 2 ** 30);
    expect(keepFreeIn(limits, 2 ** 40)).to.equal(5 * 2 ** 30);
    expect(keepFreeIn({ ...limits, keepFree: parseAmount("10g") }, 2 ** 40)).to.equal(10 * 2 ** 30);
  });
});
