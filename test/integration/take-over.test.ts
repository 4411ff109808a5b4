import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { eventually, Product, type ProgramProcess } from "../support/product.ts";
import { processesWith } from "../support/scenarios.ts";

const QUEUE = "default";
const NAME = "same";

/** A run whose agent is killed, and that another agent of the same state folder has to find. */
describe("a run that another process left", () => {
  let product: Product;
  let folder: string;
  let state: string;
  let ledger: string;

  beforeEach(async () => {
    product = await Product.start();
    folder = await mkdtemp(join(tmpdir(), "windlass-take-over-"));
    [state, ledger] = [join(folder, "state"), join(folder, "ledger")];
  });
  afterEach(async function () {
    this.timeout(30_000);
    await product[Symbol.asyncDispose]();
  });

  const program = (seconds: number): object => ({
    script: {
      entry_point: "counted.py",
      diff: `import time\nopen(${JSON.stringify(ledger)}, "a").write("ran\\n")\nprint("it runs", flush=True)\ntime.sleep(${seconds})\nprint("it is done")\n`,
      binary: "python3",
    },
  });
  const daemonOn = (where: Product, more: { args?: string[]; env?: Record<string, string> } = {}): Promise<ProgramProcess> =>
    where.startDaemon({ queues: [QUEUE], name: NAME, stateFolder: state, ...more });

  const runs = (id: TaskId): Promise<unknown> =>
    eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));

  async function isDoneOnce(id: TaskId): Promise<void> {
    const task = await product.ended(id);
    expect(task.status, task.status_reason ?? "").to.equal("completed");
    expect(await readFile(ledger, "utf8")).to.equal("ran\n");
    expect((await product.consoleOf(id)).match(/it runs\n|it is done\n/g)).to.deep.equal(["it runs\n", "it is done\n"]);
  }

  async function killed(process: ProgramProcess): Promise<void> {
    process.child.kill("SIGKILL");
    await process.ended;
  }

  /** A run whose agent was killed in the middle of it. */
  async function orphan(seconds: number): Promise<TaskId> {
    const agent = await daemonOn(product);
    const id = await product.enqueue(QUEUE, program(seconds));
    await runs(id);
    await killed(agent);
    return id;
  }

  const journalFile = async (): Promise<string> => {
    const [name] = await readdir(join(state, "journal"));
    return join(state, "journal", name ?? "none");
  };

  it("is gone on with by the agent beside it when `windlass execute` is killed", async function () {
    this.timeout(60_000);
    await daemonOn(product, { env: { WINDLASS_LOOK_MS: "200" } });
    const id = await product.createTask(program(4));
    const execute = product.begin(["execute", "--id", id, "--state", state]);
    await runs(id);
    await killed(execute);
    await isDoneOnce(id);
  });

  it("is begun by the agent beside it when `windlass execute` took the task off its queue and lost the server", async function () {
    this.timeout(60_000);
    await using proxy = await FaultProxy.start(product.apiUrl);
    let isLost = false;
    proxy.plan = ({ endpoint }) => {
      if (endpoint !== "tasks.dequeue") return isLost ? { kind: "drop" } : undefined;
      isLost = true;
      return { kind: "swallow" };
    };
    await product.ensureQueue("elsewhere");
    const id = await product.enqueue("elsewhere", program(1));
    const execute = product.begin(["execute", "--id", id, "--state", state], { CLEARML_API_HOST: proxy.url });
    expect(await execute.ended).to.equal(1);
    await daemonOn(product);
    await isDoneOnce(id);
  });

  it("is left to `windlass execute` as long as that lives", async function () {
    this.timeout(60_000);
    const daemon = await daemonOn(product, { env: { WINDLASS_LOOK_MS: "50" } });
    const id = await product.createTask(program(2));
    expect(await product.begin(["execute", "--id", id, "--state", state]).ended).to.equal(0);
    await isDoneOnce(id);
    expect(daemon.output).not.to.match(/taken over/);
  });

  it("goes on where it was begun when the configuration names another engine meanwhile", async function () {
    this.timeout(60_000);
    const first = await daemonOn(product, { env: { WINDLASS_CRASH_AT: "run/program-started" } });
    const id = await product.enqueue(QUEUE, program(2));
    await first.ended;
    await daemonOn(product, { args: ["--docker", "no-such-image"] });
    await isDoneOnce(id);
  });

  it("of another server is left alone, and gone on with for that server", async function () {
    this.timeout(90_000);
    await using other = await Product.start();
    const id = await orphan(6);
    const elsewhere = await daemonOn(other);
    await elsewhere.waitFor(/a run of another server is left alone/);
    const jobs = await other.windlass(["jobs", "--state", state]);
    expect(jobs.output).to.contain(`a run of ${product.apiUrl}`).and.to.contain(id);
    await killed(elsewhere);
    expect((await product.tasks.get(id)).status).to.equal("in_progress");
    await daemonOn(product);
    await isDoneOnce(id);
  });

  it("is gone on with when its server has another address", async function () {
    this.timeout(60_000);
    const id = await orphan(3);
    await daemonOn(product, { env: { CLEARML_API_HOST: product.apiUrl.replace("127.0.0.1", "localhost") } });
    await isDoneOnce(id);
  });

  it("is found by its folder when its record was destroyed", async function () {
    this.timeout(60_000);
    const id = await orphan(3);
    await truncate(await journalFile(), 17);
    await daemonOn(product);
    await isDoneOnce(id);
  });

  it("is found by its task when its folder's copy of the record was destroyed, too", async function () {
    this.timeout(60_000);
    const id = await orphan(3);
    const [claim = ""] = await readdir(join(state, "runs"));
    for (const file of [await journalFile(), join(state, "runs", claim, "request.json")]) await writeFile(file, Buffer.alloc(300));
    await daemonOn(product);
    await isDoneOnce(id);
    await eventually("the record is gone", async () => (await readdir(join(state, "journal"))).length === 0);
  });

  it("is found in its own engine when its record was destroyed and the configuration names another one", async function () {
    this.timeout(60_000);
    const first = await daemonOn(product, { env: { WINDLASS_CRASH_AT: "run/program-started" } });
    const id = await product.enqueue(QUEUE, program(2));
    await first.ended;
    await truncate(await journalFile(), 17);
    await daemonOn(product, { args: ["--docker", "no-such-image"] });
    await isDoneOnce(id);
  });

  for (const point of ["run/program-started", "run/launched-written"])
    it(`is stopped when its task was deleted and its request destroyed, after ${point}`, async function () {
      this.timeout(60_000);
      const first = await daemonOn(product, { env: { WINDLASS_CRASH_AT: point } });
      const id = await product.enqueue(QUEUE, program(600));
      await first.ended;
      const [claim = ""] = await readdir(join(state, "runs"));
      await eventually("the program runs", async () => (await processesWith(`${claim}/`)).length > 0);
      await rm(join(state, "runs", claim, "request.json"));
      await product.session.call("tasks.delete", { task: id, force: true });
      await daemonOn(product);
      await eventually("the record is gone", async () => (await readdir(join(state, "journal"))).length === 0);
      expect(await processesWith(`${claim}/`)).to.deep.equal([]);
      expect(await readdir(join(state, "runs", claim))).not.to.include("workspace");
    });

  it("is stopped, and says nothing, when another agent runs the task by now", async function () {
    this.timeout(90_000);
    const [second, go] = [join(folder, "second"), join(folder, "go")];
    const diff = `import os, time
if not os.path.exists(${JSON.stringify(second)}):
    open(${JSON.stringify(second)}, "w").close()
    while True:
        print("the first", flush=True)
        time.sleep(0.1)
print("the second", flush=True)
while not os.path.exists(${JSON.stringify(go)}): time.sleep(0.1)
`;
    const first = await daemonOn(product);
    const id = await product.enqueue(QUEUE, { script: { entry_point: "twice.py", diff, binary: "python3" } });
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("the first"));
    await killed(first);
    const [claim = ""] = await readdir(join(state, "runs"));
    await product.tasks.reset(id, { force: true });
    await product.tasks.enqueue(id, { name: QUEUE });
    await product.startDaemon({ queues: [QUEUE], name: "other" });
    await eventually("it runs again", async () => (await product.consoleOf(id)).includes("the second"));
    await daemonOn(product, { args: ["--queue", "nothing-else"] });
    await eventually("the first is stopped", async () => (await processesWith(`${claim}/`)).length === 0);
    await eventually("its record is gone", async () => (await readdir(join(state, "journal"))).length === 0);
    const { last_worker, status } = await product.tasks.get(id);
    expect([last_worker, status]).to.deep.equal(["other:0", "in_progress"]);
    await writeFile(go, "");
    expect((await product.ended(id)).status).to.equal("completed");
    expect(await product.consoleOf(id)).not.to.contain("the first");
  });

  it("ends with a cause when its record was destroyed and no program is found", async function () {
    this.timeout(60_000);
    const first = await daemonOn(product, { env: { WINDLASS_CRASH_AT: "run/source" } });
    const id = await product.enqueue(QUEUE, program(1));
    await first.ended;
    await truncate(await journalFile(), 0);
    await daemonOn(product);
    const task = await product.ended(id);
    expect(task.status).to.equal("failed");
    expect(task.status_reason).to.match(/failed\/agent: .* was destroyed; whether its program ran is not known/);
    await eventually("the record is gone", async () => (await readdir(join(state, "journal"))).length === 0);
  });
});
