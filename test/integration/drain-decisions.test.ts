import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { eventually, Product, type ProgramProcess } from "../support/product.ts";
import { SeededRandom } from "../support/random.ts";

const QUEUE = "default";
const ROUNDS = 6;

/** Two who want different things of one run: the first decision of the agent holds, and a person's word before either. */
describe("two decisions about one run", () => {
  let product: Product;
  let daemon: ProgramProcess;
  let id: TaskId;

  before(async () => {
    product = await Product.start();
  });
  after(async function () {
    this.timeout(30_000);
    await product?.[Symbol.asyncDispose]();
  });

  /** A program that takes a second to stop, under an agent whose drain deadline hands back. */
  async function running(deadline: string): Promise<void> {
    const config = join(product.folder, "drain.yaml");
    await writeFile(config, `agent:\n  drain_deadline: ${deadline}\n  drain_action: hand-back\n`);
    daemon = await product.startDaemon({ queues: [QUEUE], args: ["--config", config] });
    const diff = `import signal, sys, time
def stop(*_):
    print("stopping", flush=True)
    time.sleep(1)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("it runs", flush=True)
time.sleep(60)
`;
    id = await product.enqueue(QUEUE, { script: { entry_point: "slow.py", diff, binary: "python3" } });
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
  }

  const isStopping = (): Promise<unknown> =>
    eventually("it is being stopped", async () => (await product.consoleOf(id)).includes("stopping"));
  const entries = async (): Promise<string[]> => (await product.queues.all()).flatMap((queue) => queue.entries.map((entry) => entry.task));

  async function endedAs(status: string): Promise<void> {
    await daemon.ended;
    expect((await product.tasks.get(id)).status, daemon.output).to.equal(status);
    expect((await entries()).filter((task) => task === id)).to.have.length(status === "queued" ? 1 : 0);
    expect((await product.consoleOf(id)).match(/stopping\n/g)).to.have.length(1);
    if (status === "queued") await product.tasks.dequeue(id);
  }

  it("hand-back, then a second SIGTERM: it is handed back", async function () {
    this.timeout(30_000);
    await running("200ms");
    daemon.child.kill("SIGTERM");
    await isStopping();
    daemon.child.kill("SIGTERM");
    await endedAs("queued");
  });

  it("a second SIGTERM, then the deadline that hands back: it is stopped", async function () {
    this.timeout(30_000);
    await running("600ms");
    daemon.child.kill("SIGTERM");
    await pause(50);
    daemon.child.kill("SIGTERM");
    await endedAs("stopped");
  });

  it("hand-back, then a stop on the server: it is stopped", async function () {
    this.timeout(30_000);
    await running("200ms");
    daemon.child.kill("SIGTERM");
    await isStopping();
    await product.session.call("tasks.stop", { task: id });
    await endedAs("stopped");
  });

  it("in any order and at any moment: one outcome, one stop", async function () {
    this.timeout(90_000);
    const random = new SeededRandom(7);
    for (let round = 0; round < ROUNDS; round++) {
      await running(`${100 + random.below(400)}ms`);
      daemon.child.kill("SIGTERM");
      const second = pause(random.below(900)).then(() => daemon.child.kill("SIGTERM"));
      const stop = pause(random.below(1_500)).then(() => product.session.call("tasks.stop", { task: id }).catch(() => undefined));
      await Promise.all([second, stop, daemon.ended]);
      const { status } = await product.tasks.get(id);
      expect(["queued", "stopped", "created"], `round ${round}: ${status}\n${daemon.output}`).to.include(status);
      const places = (await entries()).filter((task) => task === id).length;
      expect(places, `round ${round}: ${status}`).to.equal(status === "queued" ? 1 : 0);
      expect((await product.consoleOf(id)).match(/stopping\n/g) ?? [], `round ${round}`).to.have.length.below(2);
      if (status === "queued") await product.tasks.dequeue(id);
    }
  });
});
