import { EventEmitter } from "node:events";
import { setTimeout as pause, setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import type { Agent } from "../../agent/agent.ts";
import type { Config } from "../../agent/config.ts";
import { obeySignals } from "../../agent/signals.ts";
import { silentLogger } from "../../base/logger.ts";

describe("SIGHUP", () => {
  it("a hundred times at once reads the configuration once more after the reading that goes on", async () => {
    const signals = new EventEmitter();
    const readings: PromiseWithResolvers<void>[] = [];
    const reload = (): Promise<void> => {
      readings.push(Promise.withResolvers<void>());
      return (readings.at(-1) as PromiseWithResolvers<void>).promise;
    };
    obeySignals({ agent: {} as Agent, config: () => ({}) as Config, signals, logger: silentLogger, reload });
    for (let n = 0; n < 100; n++) signals.emit("SIGHUP");
    expect(readings).to.have.length(1);
    readings[0]?.reject(new Error("it is wrong"));
    await turn();
    expect(readings).to.have.length(2);
    readings[1]?.resolve();
    await turn();
    expect(readings).to.have.length(2);
    signals.emit("SIGHUP");
    expect(readings).to.have.length(3);
  });
});

describe("the stop ladder", () => {
  /** An agent that takes its time to end. */
  function ladder(drainAction: Config["drainAction"]) {
    const [signals, done] = [new EventEmitter(), [] as string[]];
    const agent = {
      running: 1,
      drain: () => undefined,
      abort: (then?: string) => done.push(then ?? "abort"),
      leave: () => done.push("leave"),
    } as unknown as Agent;
    const config = { drainDeadlineMs: 20, drainAction } as Config;
    const { code } = obeySignals({ agent, config: () => config, signals, logger: silentLogger, reload: async () => undefined });
    return { signals, done, code };
  }

  for (const drainAction of ["abort", "hand-back", "leave"] as const)
    it(`${drainAction} by the deadline is not changed by a second SIGTERM, nor the other way round`, async () => {
      const [late, early] = [ladder(drainAction), ladder(drainAction)];
      late.signals.emit("SIGTERM");
      for (const _ of [1, 2]) early.signals.emit("SIGTERM");
      await pause(100);
      late.signals.emit("SIGTERM");
      expect(late.done).to.deep.equal([drainAction]);
      expect(late.code()).to.equal(drainAction === "leave" ? 3 : 2);
      expect(early.done).to.deep.equal(["abort"]);
      expect(early.code()).to.equal(2);
      early.signals.emit("SIGTERM");
      expect(early.done, "a third one always leaves").to.deep.equal(["abort", "leave"]);
    });
});
