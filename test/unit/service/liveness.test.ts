import { expect } from "chai";
import { stuckReason } from "../../../agent/service/liveness.ts";
import { busySlot, NOW, snapshotWith } from "./snapshot.ts";

const HOUR = 3_600_000;
const AWAY = { url: "http://server:8008", lastContactAt: NOW - HOUR };

function loops(stale: { claim?: number; heartbeat?: number; watch?: number }): { claim: number; heartbeat: number; watch: number } {
  return { claim: NOW - (stale.claim ?? 0), heartbeat: NOW - (stale.heartbeat ?? 0), watch: NOW - (stale.watch ?? 0) };
}

describe("whether the watchdog is fed", () => {
  it("is when every loop moves, and while a peek waits its 55 s and its time-out", () => {
    expect(stuckReason(snapshotWith({}), NOW, 0)).to.equal(undefined);
    expect(stuckReason(snapshotWith({ loops: loops({ claim: 90_000, heartbeat: 35_000 }) }), NOW, 0)).to.equal(undefined);
  });

  it("is not when a loop stands still although the server answers", () => {
    expect(stuckReason(snapshotWith({ loops: loops({ claim: HOUR }) }), NOW, 0)).to.match(/claim loop .* 3600 s/);
    const busy = snapshotWith({ slots: [busySlot("host:0")], loops: loops({ watch: HOUR }) });
    expect(stuckReason(busy, NOW, 0)).to.match(/watch loop/);
  });

  it("is while the server is away, however long the calls are tried again", () => {
    const waiting = snapshotWith({ server: AWAY, slots: [busySlot("host:0")], loops: loops({ claim: HOUR, watch: HOUR }) });
    expect(stuckReason(waiting, NOW, 0)).to.equal(undefined);
  });

  it("is not when the heartbeat, which waits for nobody, has stopped", () => {
    expect(stuckReason(snapshotWith({ server: AWAY, loops: loops({ heartbeat: HOUR }) }), NOW, 0)).to.match(/heartbeat/);
  });

  it("judges no loop that has nothing to do", () => {
    for (const state of ["paused", "draining"] as const)
      expect(stuckReason(snapshotWith({ state, loops: loops({ claim: HOUR, watch: HOUR }) }), NOW, 0), state).to.equal(undefined);
    expect(stuckReason(snapshotWith({ slots: [busySlot("host:0")], loops: loops({ claim: HOUR }) }), NOW, 0)).to.equal(undefined);
    const missing = snapshotWith({ queues: [{ wanted: "gpu", id: undefined }], loops: loops({ claim: HOUR }) });
    expect(stuckReason(missing, NOW, 0)).to.equal(undefined);
    expect(stuckReason(snapshotWith({ state: "starting", loops: loops({ heartbeat: HOUR }) }), NOW, 0)).to.equal(undefined);
  });

  it("is not when timers fire much too late", () => {
    expect(stuckReason(snapshotWith({}), NOW, 2_000)).to.equal(undefined);
    expect(stuckReason(snapshotWith({}), NOW, 20_000)).to.match(/20 s late/);
  });
});
