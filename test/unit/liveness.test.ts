import { expect } from "chai";
import { LAG_LIMIT_MS, livenessOf, readinessOf, STILL_LIMIT_MS } from "../../agent/liveness.ts";
import { EventLoopLag } from "../../base/event-loop-lag.ts";
import { snapshotOf } from "../support/fake-agent.ts";

describe("whether an agent is alive, and ready", () => {
  const now = Date.now();
  const still = { claim: now - STILL_LIMIT_MS.claim - 1, heartbeat: now, watch: now };

  it("is alive while its loops move, whatever the server does", () => {
    expect(livenessOf(snapshotOf({ server: { url: "u", lastContactAt: now - 86_400_000 } }), 0, now)).to.equal(undefined);
    expect(livenessOf(snapshotOf({ server: { url: "u", lastContactAt: undefined }, state: "starting" }), 0, now)).to.equal(undefined);
    expect(livenessOf(snapshotOf({ notClaiming: "no disk" }), 0, now)).to.equal(undefined);
  });

  it("is not alive with a loop that stands, or a blocked event loop", () => {
    expect(livenessOf(snapshotOf({ loops: still }), 0, now)).to.equal("the claim loop has not moved for 5 min 0 s");
    expect(livenessOf(snapshotOf({ loops: { ...still, claim: now, watch: 0 } }), 0, now)).to.contain("the watch loop");
    expect(livenessOf(snapshotOf(), LAG_LIMIT_MS + 1, now)).to.contain("event loop is blocked");
  });

  it("does not miss what is not there: a claim loop while it drains or waits for its queues, any loop while it starts", () => {
    expect(livenessOf(snapshotOf({ loops: still, state: "draining" }), 0, now)).to.equal(undefined);
    expect(livenessOf(snapshotOf({ loops: still, queues: [{ wanted: "q", id: undefined }] }), 0, now)).to.equal(undefined);
    expect(livenessOf(snapshotOf({ loops: { claim: 0, heartbeat: 0, watch: 0 }, state: "starting" }), 0, now)).to.equal(undefined);
    expect(livenessOf(snapshotOf({ loops: { ...still, claim: now, heartbeat: now - 660_000 } }), 0, now)).to.equal(undefined);
  });

  it("is ready only while it takes tasks", () => {
    expect(readinessOf(snapshotOf())).to.equal(undefined);
    expect(readinessOf(snapshotOf({ state: "starting" }))).to.contain("not registered");
    expect(readinessOf(snapshotOf({ state: "paused" }))).to.contain("paused");
    expect(readinessOf(snapshotOf({ state: "draining" }))).to.contain("draining");
    expect(readinessOf(snapshotOf({ notClaiming: "only 1 GiB free" }))).to.contain("only 1 GiB free");
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
