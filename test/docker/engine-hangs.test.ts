import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { CheckResult } from "../../agent/doctor/check.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { docker } from "../support/docker-command.ts";
import { type EngineFault, EngineProxy } from "../support/engine-proxy.ts";
import { eventually, Product } from "../support/product.ts";

const QUEUE = "default";
const LIMIT = { WINDLASS_ENGINE_LIMIT_MS: "1500" };

const isStart = (asked: string): boolean => /^POST .*\/containers\/[^/]+\/start/.test(asked);
const isCreation = (asked: string): boolean => /^POST .*\/containers\/create/.test(asked);

/** An engine that takes every connection and answers nothing any more. */
describe("an engine that hangs", function () {
  this.timeout(120_000);
  let product: Product;
  let folder: string;
  let image: string;
  let engine: EngineProxy;
  const env = (): Record<string, string> => ({ ...LIMIT, DOCKER_HOST: `unix://${join(folder, "engine.sock")}` });

  before(requireDocker);
  beforeEach(async () => {
    product = await Product.start();
    folder = await mkdtemp(join(tmpdir(), "windlass-hangs-"));
    engine = await EngineProxy.at(join(folder, "engine.sock"));
    image = await baseImage();
  });
  afterEach(async () => {
    await product?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const begin = async (seconds: number, container = {}): Promise<TaskId> =>
    await product.enqueue(QUEUE, {
      script: {
        entry_point: "main.py",
        diff: `import time\nprint("it runs", flush=True)\ntime.sleep(${seconds})\nprint("it is done")\n`,
        binary: "python3",
      },
      container,
    });
  const containersOf = async (id: TaskId): Promise<string> => await docker("ps", "-aq", "--filter", `label=windlass.task=${id}`);

  /** From the first request of that kind on; resolves when it was made. */
  function hangsFrom(isFirst: (asked: string) => boolean, first: EngineFault = "silent"): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let hangs = false;
    engine.fault = (asked) => {
      if (hangs) return "silent";
      hangs = isFirst(asked);
      if (!hangs) return undefined;
      resolve();
      return first;
    };
    return promise;
  }

  async function isDoneOnce(id: TaskId): Promise<void> {
    const task = await product.ended(id, 60_000);
    expect(task.status, task.status_reason ?? "").to.equal("completed");
    expect((await product.consoleOf(id)).match(/it runs\n|it is done\n/g)).to.deep.equal(["it runs\n", "it is done\n"]);
    await eventually("no container is left", async () => (await containersOf(id)) === "");
  }

  const STEPS: readonly { what: string; isFirst: (asked: string) => boolean; call: string; container?: object }[] = [
    { what: "is asked for the image", isFirst: (asked) => asked.startsWith("GET /images/"), call: "GET /images/" },
    {
      what: "builds the environment",
      isFirst: (asked) => asked.startsWith("POST /build"),
      call: "GET /_ping",
      container: { setup_shell_script: `echo ${Math.random()}\n` },
    },
  ];
  for (const { what, isFirst, call, container } of STEPS)
    it(`when it ${what}: the task goes back to its queue with the cause, and runs when the engine answers`, async () => {
      await product.startDaemon({ queues: [QUEUE], args: ["--docker", image], env: env() });
      const hangs = hangsFrom(isFirst);
      const id = await begin(0, container);
      await hangs;
      await eventually("it was tried", async () => (await product.consoleOf(id)).includes("failed/engine"));
      expect(await product.consoleOf(id)).to.contain(`no answer to ${call}`);
      engine.fault = () => undefined;
      await isDoneOnce(id);
    });

  it("when it has started a container: the program runs once", async () => {
    await product.startDaemon({ queues: [QUEUE], args: ["--docker", image], env: env() });
    const hangs = hangsFrom(isStart, "mute");
    const id = await begin(5);
    await hangs;
    const asked = engine.asked.length;
    await eventually("it is asked again", async () => engine.asked.slice(asked).some((one) => one.startsWith("GET /containers/")));
    engine.fault = () => undefined;
    await isDoneOnce(id);
    expect(engine.asked.filter(isStart)).to.have.length(1);
  });

  it("when a task is stopped: it is stopped when the engine answers", async () => {
    await product.startDaemon({ queues: [QUEUE], args: ["--docker", image], env: env() });
    const id = await begin(90);
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
    const isKill = (asked: string): boolean => asked.includes("/kill");
    engine.fault = () => "silent";
    await product.session.call("tasks.stop", { task: id });
    await eventually("it was told twice", async () => engine.asked.filter(isKill).length >= 2);
    engine.fault = () => undefined;
    const task = await product.ended(id, 60_000);
    expect(`${task.status} ${task.status_reason}`).to.match(/^stopped aborted\/user/);
    await eventually("no container is left", async () => (await containersOf(id)) === "");
  });

  it("from the start: windlass doctor says so, and ends", async () => {
    engine.fault = () => "silent";
    const { code, output } = await product.windlass(["doctor", "--json", "--state", join(folder, "state"), "--docker", image], env());
    const { checks } = JSON.parse(output) as { checks: CheckResult[] };
    const found = checks.find(({ id }) => id === "engine");
    expect(`${code} ${found?.status} ${found?.detail}`).to.match(
      /^1 fail no Docker engine answers at .*no answer to GET \/info within 1.5 s/,
    );
  });

  it("in the middle of it: windlass doctor ends when it is told to", async () => {
    const hangs = hangsFrom(isCreation);
    const doctor = product.begin(["doctor", "--state", join(folder, "state"), "--docker", image], env());
    await hangs;
    doctor.child.kill("SIGINT");
    expect(await doctor.ended).to.equal(1);
    expect(doctor.output).to.contain("run: broken off");
  });
});
