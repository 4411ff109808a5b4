import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { SCHEDULES } from "../../agent/schedules.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { freePort } from "../support/free-port.ts";
import { eventually, Product } from "../support/product.ts";

const QUEUE = "default";

/** An agent whose engine does not answer when it starts, and does later. */
describe("an agent whose Docker engine is away", function () {
  this.timeout(120_000);
  let product: Product;
  let folder: string;

  before(requireDocker);
  beforeEach(async () => {
    product = await Product.start();
    folder = await mkdtemp(join(tmpdir(), "windlass-away-"));
  });
  afterEach(async () => {
    await product?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it("is not ready, leaves the queue to others, says so once, and begins when the engine comes", async () => {
    const address = join(folder, "engine.sock");
    const port = await freePort();
    const readiness = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${port}/readyz`)).text();
    const args = ["--docker", await baseImage(), "--metrics-port", String(port)];
    const agent = await product.startDaemon({ queues: [QUEUE], args, env: { DOCKER_HOST: `unix://${address}` } });
    const fields = { script: { entry_point: "main.py", diff: "print('it runs')\n", binary: "python3" } };
    const id = await product.enqueue(QUEUE, fields);
    await eventually("it is not ready", async () => (await readiness()).includes("no Docker engine answers at unix://"));
    const { queues } = await product.queues.peek([await product.ensureQueue(QUEUE)], 10, 0, { retry: SCHEDULES.peek });
    expect(queues.flatMap((queue) => queue.entries.map((entry) => entry.task))).to.deep.equal([id]);
    await symlink("/var/run/docker.sock", address);
    const task = await product.ended(id);
    expect(task.status, task.status_reason ?? "").to.equal("completed");
    expect(await readiness()).to.equal("ok\n");
    expect(agent.output.match(/no new tasks: no Docker engine answers/g)).to.have.length(1);
  });
});
