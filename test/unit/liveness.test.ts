import { expect } from "chai";
import { LIVENESS, limitsFor, livenessOf, readinessOf } from "../../agent/liveness.ts";
import { EventLoopLag } from "../../base/event-loop-lag.ts";
import { runOf, snapshotOf } from "../support/fake-agent.ts";

describe("whether an agent is alive, and ready", () => {
  const now = Date.now();
  const still = { claim: now - LIVENESS.loopMs - 1, heartbeat: now, watch: now };

  const busy = [{ worker: "fake:0", gpus: "all" as const, run: runOf("t") }];

  it("is alive while its loops move, whatever the server does", () => {
    expect(livenessOf(snapshotOf({ server: { url: "u", lastContactAt: now - 86_400_000 } }), 0, now)).to.equal(undefined);
    expect(livenessOf(snapshotOf({ server: { url: "u", lastContactAt: undefined }, state: "starting" }), 0, now)).to.equal(undefined);
    expect(livenessOf(snapshotOf({ notClaiming: "no disk" }), 0, now)).to.equal(undefined);
  });

  it("is not alive with a loop that stands, or a blocked event loop", () => {
    expect(livenessOf(snapshotOf({ loops: still }), 0, now)).to.equal("the claim loop has not moved for 5 min 0 s");
    expect(livenessOf(snapshotOf({ loops: { ...still, watch: 0 }, slots: busy }), 0, now)).to.contain("the watch loop");
    expect(livenessOf(snapshotOf(), LIVENESS.lagMs + 1, now)).to.contain("event loop is blocked");
  });

  it("does not miss what is not there: a claim loop with nothing to look for, any loop while it starts", () => {
    for (const state of ["draining", "paused"] as const)
      expect(livenessOf(snapshotOf({ loops: still, state }), 0, now)).to.equal(undefined);
    expect(livenessOf(snapshotOf({ loops: still, queues: [{ wanted: "q", id: undefined }] }), 0, now)).to.equal(undefined);
    expect(livenessOf(snapshotOf({ loops: still, slots: busy }), 0, now)).to.equal(undefined);
    expect(livenessOf(snapshotOf({ loops: { claim: 0, heartbeat: 0, watch: 0 }, state: "starting" }), 0, now)).to.equal(undefined);
  });

  it("judges the loops that wait for answers only while there are answers, and the heartbeat by its own rhythm", () => {
    const away = { url: "u", lastContactAt: now - LIVENESS.contactMs - 1 };
    expect(livenessOf(snapshotOf({ loops: { claim: 0, watch: 0, heartbeat: now }, server: away }), 0, now)).to.equal(undefined);
    const slow = snapshotOf({ loops: { claim: now, watch: now, heartbeat: now - 660_000 }, server: away });
    expect(livenessOf(slow, 0, now)).to.contain("the heartbeat loop has not moved for 11 min 0 s");
    expect(livenessOf(slow, 0, now, limitsFor(300_000))).to.equal(undefined);
  });

  it("is ready only while it takes tasks", () => {
    expect(readinessOf(snapshotOf())).to.equal(undefined);
    expect(readinessOf(snapshotOf({ state: "starting" }))).to.contain("not registered");
    expect(readinessOf(snapshotOf({ state: "paused" }))).to.contain("paused");
    expect(readinessOf(snapshotOf({ state: "draining" }))).to.contain("draining");
    expect(readinessOf(snapshotOf({ notClaiming: "only 1 GiB free" }))).to.contain("only 1 GiB free");
    const [there, gone] = [
      { wanted: "a", id: "1" },
      { wanted: "b", id: undefined },
    ];
    expect(readinessOf(snapshotOf({ queues: [gone, there] }))).to.equal(undefined);
    expect(readinessOf(snapshotOf({ queues: [gone] }))).to.equal("none of its queues is there: b");
  });

  it("measures how long the event loop was blocked", async () => {
    using lag = new EventLoopLag();
    expect(lag.ms).to.be.lessThan(500);
    const until = performance.now() + 1_700;
    while (performance.now() < until);
    expect(lag.ms).to.be.greaterThan(600);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lag.ms).to.be.greaterThan(600);
  });
});
