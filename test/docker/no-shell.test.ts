import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { Task } from "../../api/wire/task.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { buildImage, docker } from "../support/docker-command.ts";
import { Product } from "../support/product.ts";

const QUEUE = "default";
const IMAGE = "windlass-test-no-shell";

/** An image that holds a program and nothing that starts it by name: no shell, in the way of distroless ones. */
describe("an image without a shell", function () {
  this.timeout(120_000);
  let product: Product;

  before(async function () {
    requireDocker.call(this);
    const folder = await mkdtemp(join(tmpdir(), "windlass-no-shell-"));
    await writeFile(join(folder, "Dockerfile"), `FROM ${await baseImage()}\nRUN rm -f /bin/sh /bin/dash /bin/bash\n`);
    await buildImage(IMAGE, folder);
    await rm(folder, { recursive: true });
    product = await Product.start();
    await product.startDaemon({ queues: [QUEUE], args: ["--docker", IMAGE] });
  });
  after(async () => {
    await product?.[Symbol.asyncDispose]();
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
});
