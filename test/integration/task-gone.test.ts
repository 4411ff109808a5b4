import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { eventually, Product, type ProgramProcess } from "../support/product.ts";
import { processesWith } from "../support/scenarios.ts";

describe("a task that goes away on the server", () => {
  let product: Product;
  let daemon: ProgramProcess;
  before(async () => {
    product = await Product.start();
    daemon = await product.startDaemon({ queues: ["default"] });
  });
  after(async function () {
    this.timeout(30_000);
    await product?.[Symbol.asyncDispose]();
  });

  async function running(mark: string): Promise<TaskId> {
    const diff = `import time\nprint("it runs", flush=True)\ntime.sleep(600) # ${mark}\n`;
    const id = await product.enqueue("default", { script: { entry_point: `${mark}.py`, diff, binary: "python3" } });
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
    return id;
  }

  async function isStoppedSoon(mark: string, reason: RegExp): Promise<void> {
    await eventually("the program is stopped", async () => (await processesWith(mark)).length === 0, 15_000);
    await eventually("the log says why", () => Promise.resolve(reason.test(daemon.output)));
    daemon.mustLive();
  }

  it("takes its run with it when it is deleted, and the log says why", async function () {
    this.timeout(40_000);
    const id = await running("deleted-task");
    await product.session.call("tasks.delete", { task: id, force: true });
    await isStoppedSoon("deleted-task", /the server does not know the task any more/);
  });

  it("takes its run with it when it is reset, and keeps the reset task's status", async function () {
    this.timeout(40_000);
    const id = await running("reset-task");
    await product.session.call("tasks.reset", { task: id, force: true });
    await isStoppedSoon("reset-task", /the task was reset on the server/);
    expect((await product.tasks.get(id)).status).to.equal("created");
  });

  it("goes on after a stop that the server's watchdog made, and is running again there", async function () {
    this.timeout(40_000);
    const id = await running("silent-task");
    const reason = "Forced stop (non-responsive)";
    await product.session.call("tasks.stopped", { task: id, force: true, status_reason: reason, status_message: reason });
    await eventually("it is in progress again", async () => (await product.tasks.get(id)).status === "in_progress");
    expect(await processesWith("silent-task")).not.to.deep.equal([]);
    await product.session.call("tasks.stop", { task: id });
    await product.ended(id, 20_000);
  });

  it("takes its run with it when that stop was of another agent's run, and stays stopped", async function () {
    this.timeout(40_000);
    const id = await running("silent-other");
    const reason = "Forced stop (non-responsive)";
    await product.session.call("workers.status_report", { worker: "another:0", task: id, timestamp: Date.now() });
    await product.session.call("tasks.stopped", { task: id, force: true, status_reason: reason, status_message: reason });
    await isStoppedSoon("silent-other", /another agent ran the task since/);
    expect((await product.tasks.get(id)).status).to.equal("stopped");
  });
});
