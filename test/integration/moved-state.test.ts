import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { idIn } from "../../agent/agent-identity.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { eventually, Product, type ProgramProcess } from "../support/product.ts";

const QUEUE = "default";

describe("a state folder that is not where it was", () => {
  let product: Product;
  let folder: string;
  let state: string;
  let elsewhere: string;

  beforeEach(async () => {
    product = await Product.start();
    folder = await mkdtemp(join(tmpdir(), "windlass-moved-"));
    [state, elsewhere] = [join(folder, "state"), join(folder, "elsewhere")];
  });
  afterEach(async function () {
    this.timeout(30_000);
    await product[Symbol.asyncDispose]();
  });

  const daemonOn = (stateFolder: string, name = "same"): Promise<ProgramProcess> =>
    product.startDaemon({ queues: [QUEUE], name, stateFolder });

  /** No pipe, no socket. */
  const copies = async (path: string): Promise<boolean> => {
    const found = await stat(path);
    return found.isFile() || found.isDirectory();
  };

  /** As a person copies, sockets and locks included. */
  async function copyOf(from: string, to: string): Promise<void> {
    await promisify(execFile)("cp", ["-a", from, to]);
  }

  /** A run whose agent was killed. */
  async function orphan(seconds: number): Promise<TaskId> {
    const first = await daemonOn(state);
    const diff = `import time\nprint("it runs", flush=True)\ntime.sleep(${seconds})\nprint("it is done")\n`;
    const id = await product.enqueue(QUEUE, { script: { entry_point: "main.py", diff, binary: "python3" } });
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
    first.child.kill("SIGKILL");
    await first.ended;
    return id;
  }

  async function isDoneOnce(id: TaskId): Promise<void> {
    const task = await product.ended(id);
    expect(task.status, task.status_reason ?? "").to.equal("completed");
    expect((await product.consoleOf(id)).match(/it runs\n|it is done\n/g)).to.deep.equal(["it runs\n", "it is done\n"]);
  }

  it("but copied, leaves its runs to the first one, under another id", async function () {
    this.timeout(60_000);
    const id = await orphan(4);
    await cp(state, elsewhere, { recursive: true, filter: copies });
    const copy = await daemonOn(elsewhere, "copy");
    await copy.waitFor(/is a copy of another agent's/);
    expect(copy.output).not.to.contain("taken over");
    expect(await readdir(join(elsewhere, "journal"))).to.deep.equal([]);
    expect(await idIn(elsewhere)).not.to.equal(await idIn(state));
    await daemonOn(state);
    await isDoneOnce(id);
  });

  it("but copied while the first one runs on, is another one at once, and neither tells of the other's runs", async function () {
    this.timeout(60_000);
    const first = await daemonOn(state);
    const diff = 'import time\nprint("it runs", flush=True)\ntime.sleep(5)\nprint("it is done")\n';
    const id = await product.enqueue(QUEUE, { script: { entry_point: "main.py", diff, binary: "python3" } });
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
    await copyOf(state, elsewhere);
    const copy = await daemonOn(elsewhere, "copy");
    await copy.waitFor(/is a copy of another agent's/);
    await isDoneOnce(id);
    expect(copy.output).not.to.contain("taken over");
    first.mustLive();
    copy.mustLive();
  });

  it("but brought back from a copy, leaves the runs of then alone", async function () {
    this.timeout(60_000);
    const id = await orphan(1);
    await copyOf(state, elsewhere);
    await daemonOn(state);
    await isDoneOnce(id);
    await product.endAgents();
    await rm(state, { recursive: true });
    await copyOf(elsewhere, state);
    const restored = await daemonOn(state);
    await restored.waitFor(/is a copy of another agent's/);
    expect(restored.output).not.to.contain("taken over");
    await isDoneOnce(id);
  });

  it("but moved, brings its runs along", async function () {
    this.timeout(60_000);
    const id = await orphan(2);
    const [run = ""] = await readdir(join(state, "runs"));
    await eventually("the program has ended", () => readFile(join(state, "runs", run, "exit"), "utf8").catch(() => undefined));
    const before = await idIn(state);
    await rename(state, elsewhere);
    await daemonOn(elsewhere);
    await isDoneOnce(id);
    expect(await idIn(elsewhere)).to.equal(before);
    expect(await readdir(folder)).to.deep.equal(["elsewhere"]);
  });

  it("has its environments built anew, since their scripts name the old place", async function () {
    this.timeout(120_000);
    const first = await daemonOn(state);
    const diff =
      "import subprocess, sys, os\nprint('pip', subprocess.run([os.path.dirname(sys.executable) + '/pip', '--version']).returncode)\n";
    const fields = { script: { entry_point: "main.py", diff, binary: "python3", requirements: { pip: "six==1.16.0" } } };
    const consoleOf = async (): Promise<string> => await product.consoleOf((await product.run(QUEUE, fields)).id);
    expect(await consoleOf())
      .to.contain("building environment")
      .and.to.contain("pip 0");
    expect(await consoleOf()).to.not.contain("building environment");
    first.child.kill("SIGTERM");
    await first.ended;
    await rename(state, elsewhere);
    await daemonOn(elsewhere);
    expect(await consoleOf())
      .to.contain("building environment")
      .and.to.contain("pip 0");
    expect(await consoleOf()).to.not.contain("building environment");
  });
});
