import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { newId } from "../../base/ids.ts";
import { silentLogger } from "../../base/logger.ts";
import { createDockerEngine } from "../../runner/docker/docker-engine.ts";
import { baseImage, requireDocker } from "../support/docker.ts";
import { docker } from "../support/docker-command.ts";
import { eventually, Product, type ProgramProcess } from "../support/product.ts";
import { runContext } from "../support/run-context.ts";

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

  it("is removed when its maker was killed before it could be seen: its name is in the way of the next one", async () => {
    const context = { ...(await runContext()), runId: newId() };
    const { agentId, runId, stateFolder, settings } = context;
    const image = await baseImage();
    const name = `windlass-${runId}`;
    const half = await docker("create", "--name", name, "--label", `windlass.run=${runId}`, image, "true");
    const engine = await createDockerEngine({ settings, agentId, stateFolder, logger: silentLogger });
    const workspace = join(context.folder, "workspace");
    for (const part of [workspace, join(context.folder, "files")]) await mkdir(part);
    const entry = { kind: "command", interpreter: { kind: "shell", name: "sh" }, command: "exit 7" } as const;
    const source = { workspace, workingDir: "", commit: undefined, branch: undefined, mirror: undefined, entry };
    const environment = { hit: true, key: "k", python: "python3", image };
    try {
      const running = await engine.launch(context, source, environment, { argv: ["sh", "-c", "exit 7"], env: {}, cwd: "/" });
      expect((await running.exited).exitCode).to.equal(7);
      expect(await docker("ps", "-aq", "--no-trunc", "--filter", `name=${name}`)).not.to.equal(half.trim());
    } finally {
      await engine.close();
      await docker("rm", "-f", name);
    }
  });

  it("that somebody restarts meanwhile ends its run as killed, and is removed", async () => {
    await daemon();
    const id = await product.enqueue(QUEUE, PROGRAM(60));
    await runs(id);
    await docker("restart", "-t", "0", await containersOf(id));
    const task = await product.ended(id);
    expect(task.status_reason).to.match(/^lost\/killed/);
    expect((await product.consoleOf(id)).match(/it is done/g)).to.equal(null);
    await eventually("the container is gone", async () => (await containersOf(id)) === "");
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
