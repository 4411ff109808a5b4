import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { docker } from "../support/docker-command.ts";
import { eventually, Product, type ProgramProcess } from "../support/product.ts";

const QUEUE = "default";
const PROGRAM = (seconds: number): object => ({
  script: {
    entry_point: "main.py",
    diff: `import time\nprint("it runs", flush=True)\ntime.sleep(${seconds})\nprint("it is done")\n`,
    binary: "python3",
  },
});

/** A run in a container whose agent is killed, and that another agent of the same state folder has to find. */
describe("a container that another process left", function () {
  this.timeout(120_000);
  let product: Product;
  let folder: string;
  let state: string;

  before(requireDocker);
  beforeEach(async () => {
    product = await Product.start();
    folder = await mkdtemp(join(tmpdir(), "windlass-take-over-"));
    state = join(folder, "state");
  });
  afterEach(async () => {
    await product?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const daemon = async (env: Record<string, string> = {}): Promise<ProgramProcess> =>
    product.startDaemon({ queues: [QUEUE], name: "same", stateFolder: state, args: ["--docker", await baseImage()], env });
  const runs = (id: TaskId): Promise<unknown> =>
    eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
  const containersOf = async (id: TaskId): Promise<string> => await docker("ps", "-aq", "--filter", `label=windlass.task=${id}`);

  async function killed(process: ProgramProcess): Promise<void> {
    process.child.kill("SIGKILL");
    await process.ended;
  }

  async function isDoneOnce(id: TaskId): Promise<void> {
    const task = await product.ended(id);
    expect(task.status, task.status_reason ?? "").to.equal("completed");
    expect((await product.consoleOf(id)).match(/it runs\n|it is done\n/g)).to.deep.equal(["it runs\n", "it is done\n"]);
    expect(await containersOf(id)).to.equal("");
  }

  it("is found by its label when everything that the agent wrote down was destroyed", async () => {
    const first = await daemon();
    const id = await product.enqueue(QUEUE, PROGRAM(8));
    await runs(id);
    await killed(first);
    const [claim = ""] = await readdir(join(state, "runs"));
    for (const file of [join("journal", `${claim}.json`), join("runs", claim, "request.json")])
      await writeFile(join(state, file), Buffer.alloc(300));
    await daemon();
    await isDoneOnce(id);
  });

  it("is found in its engine when the configuration names the address of another one meanwhile", async () => {
    const address = join(folder, "engine.sock");
    await symlink("/var/run/docker.sock", address);
    const first = await daemon({ DOCKER_HOST: `unix://${address}`, WINDLASS_CRASH_AT: "run/program-started" });
    const id = await product.enqueue(QUEUE, PROGRAM(4));
    await first.ended;
    await daemon({ DOCKER_HOST: `unix://${join(folder, "nobody.sock")}` });
    await isDoneOnce(id);
  });
});
