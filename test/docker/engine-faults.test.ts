import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { docker } from "../support/docker-command.ts";
import { type EngineFault, EngineProxy } from "../support/engine-proxy.ts";
import { eventually, Product } from "../support/product.ts";

const QUEUE = "default";
const AWAY_MS = 3_000;

const isStart = (asked: string): boolean => /^POST .*\/containers\/[^/]+\/start/.test(asked);
const isKill = (asked: string): boolean => /^POST .*\/containers\/[^/]+\/kill/.test(asked);
const isCreation = (asked: string): boolean => /^POST .*\/containers\/create/.test(asked);
const isPing = (asked: string): boolean => asked.includes("/_ping");

/** An engine that answers wrongly, or goes away, in the middle of a run. */
describe("an engine with faults", function () {
  this.timeout(120_000);
  let product: Product;
  let folder: string;
  let engine: EngineProxy;

  before(requireDocker);
  beforeEach(async () => {
    product = await Product.start();
    folder = await mkdtemp(join(tmpdir(), "windlass-faults-"));
    engine = await EngineProxy.at(join(folder, "engine.sock"));
    const args = ["--docker", await baseImage()];
    await product.startDaemon({ queues: [QUEUE], args, env: { DOCKER_HOST: `unix://${join(folder, "engine.sock")}` } });
  });
  afterEach(async () => {
    await product?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const begin = async (seconds: number): Promise<TaskId> =>
    await product.enqueue(QUEUE, {
      script: {
        entry_point: "main.py",
        diff: `import time\nprint("it runs", flush=True)\ntime.sleep(${seconds})\nprint("it is done")\n`,
        binary: "python3",
      },
    });
  const containersOf = async (id: TaskId): Promise<string> => await docker("ps", "-aq", "--filter", `label=windlass.task=${id}`);
  const runs = (id: TaskId): Promise<unknown> =>
    eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));

  async function isDoneOnce(id: TaskId): Promise<void> {
    const task = await product.ended(id, 60_000);
    expect(task.status, task.status_reason ?? "").to.equal("completed");
    expect((await product.consoleOf(id)).match(/it runs\n|it is done\n/g)).to.deep.equal(["it runs\n", "it is done\n"]);
    expect(engine.asked.filter(isStart)).to.have.length(1);
    await eventually("no container is left", async () => (await containersOf(id)) === "");
  }

  /** From the first request of that kind on, whatever is asked fails like this, until the time is over. */
  function faultsFrom(isFirst: (asked: string) => boolean, first: EngineFault, then: EngineFault): void {
    let untilMs: number | undefined;
    engine.fault = (asked) => {
      if (untilMs === undefined && !isFirst(asked)) return undefined;
      if (untilMs !== undefined) return performance.now() < untilMs ? then : undefined;
      untilMs = performance.now() + AWAY_MS;
      return first;
    };
  }

  for (const then of ["refused", "denied"] as const)
    it(`that starts a container, does not say so, and is then ${then === "refused" ? "away" : "broken"}: it runs once`, async () => {
      faultsFrom(isStart, "lost", then);
      await isDoneOnce(await begin(5));
    });

  it("that starts a container and says that it failed: it runs once, also when nothing can be removed meanwhile", async () => {
    faultsFrom(isStart, "failed", "denied");
    await isDoneOnce(await begin(5));
  });

  for (const fault of ["refused", "denied"] as const)
    it(`that is ${fault === "refused" ? "away" : "broken"} when a task is stopped: it is stopped when the engine is back`, async () => {
      const id = await begin(90);
      await runs(id);
      faultsFrom(isKill, fault, fault);
      await product.session.call("tasks.stop", { task: id });
      const task = await product.ended(id, 60_000);
      expect(`${task.status} ${task.status_reason}`).to.match(/^stopped aborted\/user/);
      expect(await product.consoleOf(id)).to.not.contain("it is done");
      await eventually("no container is left", async () => (await containersOf(id)) === "");
    });

  it("that goes away before a container is made: the task goes back to its queue, and runs when the engine is back", async () => {
    let isAway = true;
    engine.fault = (asked) => (isAway && !isPing(asked) && (isCreation(asked) || !asked.includes("/info")) ? "refused" : undefined);
    const id = await begin(0);
    await eventually("it was tried", async () => (await product.consoleOf(id)).includes("failed/engine"));
    isAway = false;
    await pause(100);
    await isDoneOnce(id);
  });

  it("is told what a container is in the body of the request, since addresses are logged, and short", async () => {
    const text = "é ".repeat(60_000);
    const id = await product.enqueue(QUEUE, {
      script: { entry_point: "main.py", diff: "print('it runs')\nprint('it is done')\n", binary: "python3" },
      hyperparams: { General: { text: { section: "General", name: "text", value: text } } },
      container: { arguments: "-e SECRET=sesame" },
    });
    await isDoneOnce(id);
    expect(engine.asked.filter(isCreation)).to.have.length(1);
    expect(engine.asked.find(isCreation)).to.match(/\/containers\/create\?name=windlass-[0-9a-f]+$/);
  });
});
