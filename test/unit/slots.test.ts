import { expect } from "chai";
import type { Config } from "../../agent/config.ts";
import { planSlots } from "../../agent/slots.ts";
import { WorkerNames } from "../../agent/worker-names.ts";
import { WindlassError } from "../../base/errors.ts";
import type { GpuSelection } from "../../runner/settings.ts";
import { failureOf } from "../support/failure.ts";

async function planned(slots: number, gpus: GpuSelection, workerId?: string, names?: WorkerNames): Promise<[string, GpuSelection][]> {
  await using own = namesOn("another");
  const plans = await planSlots({ name: "host", slots, gpus, workerId } as Config, names ?? own);
  return plans.map((plan) => [plan.worker, plan.gpus]);
}

const namesOn = (server: string): WorkerNames => new WorkerNames(`http://${server}-${process.pid}`);

describe("slots", () => {
  it("are workers of their own, numbered", async () => {
    expect(await planned(2, "all")).to.deep.equal([
      ["host:0", "all"],
      ["host:1", "all"],
    ]);
  });

  it("deal the GPUs out in turn, and each GPU once", async () => {
    expect(await planned(2, ["0", "1", "2"])).to.deep.equal([
      ["host:gpu0,2", ["0", "2"]],
      ["host:gpu1", ["1"]],
    ]);
  });

  it("that get no GPU see none", async () => {
    expect(await planned(2, ["0"])).to.deep.equal([
      ["host:gpu0", ["0"]],
      ["host:cpu:1", "none"],
    ]);
    expect(await planned(1, "none")).to.deep.equal([["host:cpu:0", "none"]]);
  });

  it("have the fixed id of the worker, numbered where there are several", async () => {
    expect((await planned(1, "all", "fixed")).map(([worker]) => worker)).to.deep.equal(["fixed"]);
    expect((await planned(2, "all", "fixed")).map(([worker]) => worker)).to.deep.equal(["fixed:0", "fixed:1"]);
  });

  it("take numbers that no other agent of this machine has on that server, and keep their own", async () => {
    await using first = namesOn("one");
    await using second = namesOn("one");
    await using elsewhere = namesOn("two");
    expect(await planned(2, "all", undefined, first)).to.deep.equal(await planned(2, "all"));
    const ofSecond = async (slots: number): Promise<string[]> => (await planned(slots, "all", undefined, second)).map(([worker]) => worker);
    expect(await ofSecond(1)).to.deep.equal(["host:2"]);
    expect(await ofSecond(2)).to.deep.equal(["host:2", "host:3"]);
    expect(await planned(1, "all", undefined, elsewhere)).to.deep.equal([["host:0", "all"]]);
    await first[Symbol.asyncDispose]();
    await using third = namesOn("one");
    expect(await planned(1, "all", undefined, third)).to.deep.equal([["host:0", "all"]]);
  });

  it("with a name that has no number are refused where another agent of this machine has it", async () => {
    await using first = namesOn("one");
    await using second = namesOn("one");
    await planned(1, ["0"], undefined, first);
    await planned(1, "all", "fixed", first);
    for (const [gpus, workerId, name] of [[["0"], undefined, "host:gpu0"] as const, ["all", "fixed", "fixed"] as const])
      expect(await failureOf(planned(1, gpus, workerId, second)))
        .to.be.instanceOf(WindlassError)
        .with.property("message")
        .that.contains(`is the worker ${name} `);
  });
});
