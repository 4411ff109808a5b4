import { expect } from "chai";
import { livenessOf } from "../../../agent/liveness.ts";
import { busySlot, NOW, snapshotWith } from "./snapshot.ts";

const HOUR = 3_600_000;
const AWAY = { url: "http://server:8008", lastContactAt: NOW - HOUR };

function loops(stale: { claim?: number; heartbeat?: number; watch?: number }): { claim: number; heartbeat: number; watch: number } {
  return { claim: NOW - (stale.claim ?? 0), heartbeat: NOW - (stale.heartbeat ?? 0), watch: NOW - (stale.watch ?? 0) };
}

describe("whether the watchdog is fed", () => {
  it("is when every loop moves, and while a peek waits its 55 s and its time-out", () => {
    expect(livenessOf(snapshotWith({}), 0, NOW)).to.equal(undefined);
    expect(livenessOf(snapshotWith({ loops: loops({ claim: 90_000, heartbeat: 35_000 }) }), 0, NOW)).to.equal(undefined);
  });

  it("is not when a loop stands still although the server answers", () => {
    expect(livenessOf(snapshotWith({ loops: loops({ claim: HOUR }) }), 0, NOW)).to.match(/claim loop .* 1 h 0 min/);
    const busy = snapshotWith({ slots: [busySlot("host:0")], loops: loops({ watch: HOUR }) });
    expect(livenessOf(busy, 0, NOW)).to.match(/watch loop/);
  });

  it("is while the server is away, however long the calls are tried again", () => {
    const waiting = snapshotWith({ server: AWAY, slots: [busySlot("host:0")], loops: loops({ claim: HOUR, watch: HOUR }) });
    expect(livenessOf(waiting, 0, NOW)).to.equal(undefined);
  });

  it("is not when the heartbeat, which waits for nobody, has stopped", () => {
    expect(livenessOf(snapshotWith({ server: AWAY, loops: loops({ heartbeat: HOUR }) }), 0, NOW)).to.match(/heartbeat/);
  });

  it("judges no loop that has nothing to do", () => {
    for (const state of ["paused", "draining"] as const)
      expect(livenessOf(snapshotWith({ state, loops: loops({ claim: HOUR, watch: HOUR }) }), 0, NOW), state).to.equal(undefined);
    expect(livenessOf(snapshotWith({ slots: [busySlot("host:0")], loops: loops({ claim: HOUR }) }), 0, NOW)).to.equal(undefined);
    const missing = snapshotWith({ queues: [{ wanted: "gpu", id: undefined }], loops: loops({ claim: HOUR }) });
    expect(livenessOf(missing, 0, NOW)).to.equal(undefined);
    expect(livenessOf(snapshotWith({ state: "starting", loops: loops({ heartbeat: HOUR }) }), 0, NOW)).to.equal(undefined);
  });

  it("is not when timers fire much too late", () => {
    expect(livenessOf(snapshotWith({}), 2_000, NOW)).to.equal(undefined);
    expect(livenessOf(snapshotWith({}), 20_000, NOW)).to.match(/20\.0 s late/);
  });
});
