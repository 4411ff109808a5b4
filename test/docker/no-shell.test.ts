import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Task } from "../../api/wire/task.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { buildImage, docker } from "../support/docker-command.ts";
import { EngineProxy } from "../support/engine-proxy.ts";
import { eventually, Product } from "../support/product.ts";

const QUEUE = "default";
const IMAGE = "windlass-test-no-shell";

/** An image that holds a program and nothing that starts it by name: no shell, in the way of distroless ones. */
describe("an image without a shell", function () {
  this.timeout(120_000);
  let product: Product;
  let folder: string;
  let engine: EngineProxy;

  before(async function () {
    requireDocker.call(this);
    folder = await mkdtemp(join(tmpdir(), "windlass-no-shell-"));
    await writeFile(join(folder, "Dockerfile"), `FROM ${await baseImage()}\nRUN rm -f /bin/sh /bin/dash /bin/bash\n`);
    await buildImage(IMAGE, folder);
    const socket = join(folder, "engine.sock");
    engine = await EngineProxy.at(socket);
    product = await Product.start();
    await product.startDaemon({ queues: [QUEUE], args: ["--docker", IMAGE], env: { DOCKER_HOST: `unix://${socket}` } });
  });
  after(async () => {
    await product?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
    if (folder !== undefined) await rm(folder, { recursive: true });
    await docker("rmi", "-f", IMAGE);
  });

  const run = async (binary: string, init: string): Promise<Task> => {
    const script = { entry_point: "main.py", diff: "print('it runs')\nprint('it is done')\n", binary };
    return await product.run(QUEUE, { script, container: { image: IMAGE, arguments: init } });
  };

  for (const init of ["--init", "--init=false"]) {
    it(`runs its program, with ${init}`, async () => {
      const task = await run("python3", init);
      const console = await product.consoleOf(task.id);
      expect(task.status, console).to.equal("completed");
      expect(console.match(/it runs\n|it is done\n/g)).to.deep.equal(["it runs\n", "it is done\n"]);
    });

    it(`is told from one that does not hold the program either, with ${init}`, async () => {
      const task = await run("bash", init);
      const console = await product.consoleOf(task.id);
      expect(`${task.status} ${task.status_reason}`).to.match(/^failed failed\/launch: the command is not in the image .*"bash"/);
      expect(console).to.contain("Name an image that holds it");
    });
  }

  const LINES = 60;
  const counting = `import time\nfor n in range(${LINES}):\n    print("line", n, flush=True)\n    time.sleep(0.05)\n`;

  for (const away of [false, true])
    it(`loses no line when its log breaks off${away ? " and the engine is away until it has ended" : ", again and again"}`, async () => {
      const script = { entry_point: "main.py", diff: counting, binary: "python3" };
      const id = await product.enqueue(QUEUE, { script, container: { image: IMAGE } });
      for (const seen of away ? [5] : [5, 15, 30]) {
        await eventually("some lines are there", async () => (await product.consoleOf(id)).includes(`line ${seen}\n`));
        if (away) engine.fault = () => "refused";
        engine.cut();
      }
      if (away) await eventually("it has ended", async () => (await docker("ps", "-q", "--filter", `label=windlass.task=${id}`)) === "");
      engine.fault = () => undefined;
      const task = await product.ended(id);
      const console = await product.consoleOf(id);
      expect(task.status, console).to.equal("completed");
      expect(console.match(/line \d+\n/g)).to.deep.equal(Array.from({ length: LINES }, (_, n) => `line ${n}\n`));
    });
});
