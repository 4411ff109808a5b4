import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { packedCommand } from "../../bench/packed.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { docker } from "../support/docker-command.ts";
import { agentImage } from "../support/node-image.ts";
import { Product } from "../support/product.ts";

const PROGRAM = { script: { entry_point: "hello.py", diff: "print('hello from the package')\n", binary: "python3" } };

describe("what is shipped", () => {
  before(requireDocker);

  it("installs from its tarball in an empty folder and runs a task", async function () {
    this.timeout(240_000);
    const command = await packedCommand();
    await using product = await Product.start({ command });
    await product.startDaemon({ queues: ["default"] });
    const task = await product.run("default", PROGRAM);
    expect(task.status).to.equal("completed");
    expect(await product.consoleOf(task.id)).to.contain("hello from the package");
  });

  it("runs as a container with the engine's socket, and its tasks in containers beside it", async function () {
    this.timeout(600_000);
    const image = await agentImage();
    await using product = await Product.start();
    await product.ensureQueue("beside");
    const state = await mkdtemp(join(tmpdir(), "windlass-agent-state-"));
    const keys = await product.newKeys();
    const container = await docker(
      "run",
      "-d",
      "--network",
      "host",
      "-v",
      "/var/run/docker.sock:/var/run/docker.sock",
      "-v",
      `${state}:${state}`,
      "-e",
      `CLEARML_API_HOST=${product.apiUrl}`,
      "-e",
      `CLEARML_API_ACCESS_KEY=${keys.accessKey}`,
      "-e",
      `CLEARML_API_SECRET_KEY=${keys.secretKey}`,
      image,
      "--queue",
      "beside",
      "--state",
      state,
      "--docker",
      await baseImage(),
    );
    try {
      const task = await product.run("beside", PROGRAM, 120_000);
      expect(task.status, `${await product.consoleOf(task.id)}\n${await docker("logs", container)}`).to.equal("completed");
      expect(await product.consoleOf(task.id)).to.contain("hello from the package");
    } finally {
      await docker("rm", "-f", container);
      await rm(state, { recursive: true, force: true });
    }
  });
});
