import { EventEmitter } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
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
