import { setImmediate as turn } from "node:timers/promises";
import { expect } from "chai";
import { takeNotifyAddress } from "../../../agent/service/sd-notify.ts";
import { type ServiceNotify, startServiceNotify } from "../../../agent/service/service-notify.ts";
import { reasonFrom } from "../../../agent/service/stop-reason.ts";
import type { Clock } from "../../../base/clock.ts";
import { createLogger } from "../../../base/logger.ts";
import { unitFrom } from "../../../base/own-unit.ts";
import { NOW, snapshotWith } from "./snapshot.ts";

/** Time that passes when the test says so. */
class HandClock implements Clock {
  #now = NOW;
  #sleepers: { at: number; wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.push({ at: this.#now + ms, wake: resolve });
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  }

  async pass(ms: number): Promise<void> {
    for (const end = this.#now + ms; this.#now < end; ) {
      this.#now += 1_000;
      const due = this.#sleepers.filter((sleeper) => sleeper.at <= this.#now);
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.at > this.#now);
      for (const sleeper of due) sleeper.wake();
      await turn();
    }
  }
}

describe("what the service manager is told", () => {
  const clock = new HandClock();
  let said: string[];
  let heartbeatAt: number | undefined;
  let service: ServiceNotify;

  beforeEach(async () => {
    said = [];
    heartbeatAt = undefined;
    const moving = (): number => heartbeatAt ?? clock.now();
    const snapshot = () => snapshotWith({ loops: { claim: clock.now(), heartbeat: moving(), watch: clock.now() } });
    service = startServiceNotify({ snapshot }, { ...parts(), address: { socket: "/nowhere", watchdogMs: 60_000 } });
    await turn();
  });

  afterEach(async () => {
    await service.stopping();
  });

  function parts() {
    const send = (_socket: string, lines: readonly string[]): Promise<void> => {
      said.push(...lines);
      return Promise.resolve();
    };
    return { logger: createLogger({ level: "error", format: "json" }), heartbeatMs: () => 30_000, clock, send };
  }

  const feeds = (): number => said.filter((line) => line === "WATCHDOG=1").length;

  it("is ready when the agent is, and says how it is once", async () => {
    expect(said).to.deep.equal(["STATUS=0 of 1 slot busy, queue default"]);
    service.ready();
    await clock.pass(20_000);
    expect(said.filter((line) => line === "READY=1")).to.have.length(1);
    expect(said.filter((line) => line.startsWith("STATUS="))).to.have.length(1);
  });

  it("is ready after a minute although the server is away", async () => {
    await clock.pass(50_000);
    expect(said).not.to.contain("READY=1");
    await clock.pass(20_000);
    expect(said).to.contain("READY=1");
  });

  it("feeds the watchdog at half its interval, and stops when a loop stands still", async () => {
    service.ready();
    await clock.pass(300_000);
    expect(feeds()).to.be.within(9, 12);
    heartbeatAt = clock.now() - 3_600_000;
    const before = feeds();
    await clock.pass(300_000);
    expect(feeds()).to.equal(before);
    heartbeatAt = undefined;
    await clock.pass(20_000);
    expect(feeds()).to.equal(before + 1);
  });

  for (const [usec, everyMs] of Object.entries({
    "1": 250,
    "1.5": 250,
    "6000000": 1_000,
    "180000000": 10_000,
    "18446744073709551615": 10_000,
    "1e400": 10_000,
    "0": 10_000,
    "-5": 10_000,
    soon: 10_000,
    "": 10_000,
  }))
    it(`looks round every ${everyMs} ms with WATCHDOG_USEC=${usec}`, async () => {
      const asked: number[] = [];
      const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
        asked.push(ms);
        return clock.sleep(ms, signal);
      };
      const address = takeNotifyAddress({ NOTIFY_SOCKET: "/nowhere", WATCHDOG_USEC: usec });
      const watched = { ...parts(), address, clock: { now: () => clock.now(), monotonic: () => clock.monotonic(), sleep } };
      const one = startServiceNotify({ snapshot: () => snapshotWith({}) }, watched);
      await turn();
      await one.stopping();
      expect(asked).to.deep.equal([everyMs]);
    });

  it("says when it reads its configuration again, and when it goes", async () => {
    service.ready();
    service.reloading();
    service.ready();
    await service.stopping();
    expect(said.filter((line) => /^(READY|RELOADING|STOPPING)/.test(line))).to.deep.equal([
      "READY=1",
      "RELOADING=1",
      "READY=1",
      "STOPPING=1",
    ]);
  });

  it("goes on when it cannot be told", async () => {
    const failing = startServiceNotify(
      { snapshot: () => snapshotWith({}) },
      {
        ...parts(),
        logger: createLogger({ level: "silent" as "error", format: "json" }),
        address: { socket: "/nowhere", watchdogMs: undefined },
        send: () => Promise.reject(new Error("no such command")),
      },
    );
    failing.ready();
    await failing.stopping();
  });
});

describe("being a service", () => {
  it("takes the manager's address out of the environment", () => {
    const env: NodeJS.ProcessEnv = { NOTIFY_SOCKET: "/run/systemd/notify", WATCHDOG_USEC: "180000000", WATCHDOG_PID: "7", PATH: "/bin" };
    expect(takeNotifyAddress({ ...env }, 7)).to.deep.equal({ socket: "/run/systemd/notify", watchdogMs: 180_000 });
    expect(takeNotifyAddress(env, 8)).to.deep.equal({ socket: "/run/systemd/notify", watchdogMs: undefined });
    expect(env).to.deep.equal({ PATH: "/bin" });
    expect(takeNotifyAddress({})).to.equal(undefined);
  });

  it("knows its unit from its cgroup, on both versions, and a terminal from a service", () => {
    const system = { name: "windlass.service", slice: "system.slice", managerFlags: [] };
    expect(unitFrom("0::/system.slice/windlass.service\n")).to.deep.equal(system);
    expect(unitFrom("4:memory:/x\n1:name=systemd:/docker/0123/system.slice/windlass.service\n0::/y\n")).to.deep.equal(system);
    expect(unitFrom("0::/user.slice/user-1000.slice/user@1000.service/app.slice/windlass.service\n")).to.deep.equal({
      name: "windlass.service",
      slice: "app.slice",
      managerFlags: ["--user"],
    });
    expect(unitFrom("0::/user.slice/user-1000.slice/session-2.scope\n")).to.equal(undefined);
    expect(unitFrom("0::/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-1.scope\n")).to.equal(undefined);
    expect(unitFrom("0::/\n")).to.equal(undefined);
  });

  it("tells a stop from a restart and from a shutdown", () => {
    const jobs = " 12 other.service    restart running\n345 windlass.service stop    running\n";
    expect(reasonFrom("windlass.service", "running\n", jobs)).to.equal("stop");
    expect(reasonFrom("windlass.service", "degraded\n", jobs.replace("stop   ", "restart"))).to.equal("restart");
    expect(reasonFrom("windlass.service", "stopping\n", jobs)).to.equal("shutdown");
    expect(reasonFrom("windlass.service", "running\n", "No jobs running.\n")).to.equal(undefined);
  });
});
