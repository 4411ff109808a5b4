import { expect } from "chai";
import { statusLine } from "../../../agent/service/status-line.ts";
import { busySlot, freeSlot, NOW, snapshotWith } from "./snapshot.ts";

describe("the line that the service manager shows", () => {
  it("counts slots, names queues and counts the reports that wait", () => {
    const snapshot = snapshotWith({
      slots: [busySlot("a"), busySlot("b"), freeSlot("c")],
      queues: [
        { wanted: "gpu", id: "1" },
        { wanted: "default", id: "2" },
      ],
      outbox: [{ task: "t", cause: "completed", since: NOW }],
    });
    expect(statusLine(snapshot, NOW)).to.equal("2 of 3 slots busy, queues gpu,default, 1 report waiting");
  });

  it("says why nothing is taken, and which queue is missing", () => {
    const snapshot = snapshotWith({ notClaiming: "only 1.2 GiB free, 5 GiB wanted", queues: [{ wanted: "gpu", id: undefined }] });
    expect(statusLine(snapshot, NOW)).to.equal("taking nothing: only 1.2 GiB free, 5 GiB wanted, 0 of 1 slot busy, queue gpu (missing)");
  });

  it("tells a server that was never there from one that went away", () => {
    const url = "http://server:8008";
    const never = snapshotWith({ state: "starting", queues: [], server: { url, lastContactAt: undefined } });
    expect(statusLine(never, NOW)).to.equal(`starting, 0 of 1 slot busy, waiting for ${url}`);
    const away = snapshotWith({ state: "draining", server: { url, lastContactAt: NOW - 600_000 } });
    expect(statusLine(away, NOW)).to.equal(`draining, 0 of 1 slot busy, queue default, no answer from ${url} for 10 min`);
  });
});
