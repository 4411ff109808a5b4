import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { docker } from "../support/docker-command.ts";
import { EngineProxy } from "../support/engine-proxy.ts";
import { eventually, Product, type ProgramProcess } from "../support/product.ts";

const QUEUE = "default";
const OWN_END = /^failed failed\/signal: the program was killed by SIGTERM/;
const FALL = /^failed lost\/engine-restart/;

/** A program that ends with the code that SIGTERM leaves: by itself, or because its engine went down. An engine's restart is its loss of memory. */
describe("an exit code that the engine's fall leaves, too", function () {
  this.timeout(120_000);
  let product: Product;
  let folder: string;
  let engine: EngineProxy;

  before(requireDocker);
  beforeEach(async () => {
    product = await Product.start();
    folder = await mkdtemp(join(tmpdir(), "windlass-fall-"));
    engine = await EngineProxy.at(join(folder, "engine.sock"));
  });
  afterEach(async () => {
    await product?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const startAgent = async (): Promise<ProgramProcess> =>
    await product.startDaemon({
      queues: [QUEUE],
      name: "same",
      args: ["--docker", await baseImage()],
      env: { DOCKER_HOST: `unix://${join(folder, "engine.sock")}` },
    });
  const isRunning = async (id: TaskId): Promise<boolean> => (await docker("ps", "-q", "--filter", `label=windlass.task=${id}`)) !== "";
  async function begun(seconds: number): Promise<TaskId> {
    const diff = `import sys, time\nprint("it runs", flush=True)\ntime.sleep(${seconds})\nsys.exit(143)\n`;
    const id = await product.enqueue(QUEUE, { script: { entry_point: "main.py", diff, binary: "python3" } });
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
    return id;
  }
  const forgets = (asked: string): "empty" | undefined => (asked.includes("/events") ? "empty" : undefined);
  async function endOf(id: TaskId): Promise<string> {
    const { status, status_reason } = await product.ended(id, 60_000);
    return `${status} ${status_reason}`;
  }

  it("is the program's own when only the connection broke, and the program ran on", async () => {
    await startAgent();
    const id = await begun(4);
    engine.cut();
    expect(await endOf(id)).to.match(OWN_END);
  });

  for (const restarted of [false, true])
    it(`after a time without an answer is ${restarted ? "the fall of an engine that remembers nothing" : "the program's own when the engine remembers its start"}`, async () => {
      await startAgent();
      const id = await begun(2);
      engine.fault = () => "refused";
      engine.cut();
      await eventually("it has ended", async () => !(await isRunning(id)));
      engine.fault = restarted ? forgets : () => undefined;
      expect(await endOf(id)).to.match(restarted ? FALL : OWN_END);
    });

  for (const restarted of [false, true])
    it(`while no agent was there is ${restarted ? "the fall of an engine that remembers nothing" : "the program's own when the engine remembers its start"}`, async () => {
      const first = await startAgent();
      const id = await begun(2);
      first.child.kill("SIGKILL");
      await first.ended;
      await eventually("it has ended", async () => !(await isRunning(id)));
      if (restarted) engine.fault = forgets;
      await startAgent();
      expect(await endOf(id)).to.match(restarted ? FALL : OWN_END);
    });
});
