import { expect } from "chai";
import type { Config } from "../../agent/config.ts";
import { planSlots } from "../../agent/slots.ts";
import type { GpuSelection } from "../../runner/settings.ts";

function planned(slots: number, gpus: GpuSelection, workerId?: string): [string, GpuSelection][] {
  return planSlots({ name: "host", slots, gpus, workerId } as Config).map((plan) => [plan.worker, plan.gpus]);
}

describe("slots", () => {
  it("are workers of their own, numbered", () => {
    expect(planned(2, "all")).to.deep.equal([
      ["host:0", "all"],
      ["host:1", "all"],
    ]);
  });

  it("deal the GPUs out in turn, and each GPU once", () => {
    expect(planned(2, ["0", "1", "2"])).to.deep.equal([
      ["host:gpu0,2", ["0", "2"]],
      ["host:gpu1", ["1"]],
    ]);
  });

  it("that get no GPU see none", () => {
    expect(planned(2, ["0"])).to.deep.equal([
      ["host:gpu0", ["0"]],
      ["host:cpu:1", "none"],
    ]);
    expect(planned(1, "none")).to.deep.equal([["host:cpu:0", "none"]]);
  });

  it("have the fixed id of the worker, numbered where there are several", () => {
    expect(planned(1, "all", "fixed").map(([worker]) => worker)).to.deep.equal(["fixed"]);
    expect(planned(2, "all", "fixed").map(([worker]) => worker)).to.deep.equal(["fixed:0", "fixed:1"]);
  });
});
