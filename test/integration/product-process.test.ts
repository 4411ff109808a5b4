import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Product } from "../support/product.ts";
import { QUEUE, scenarios } from "../support/scenarios.ts";

describe("the product, with processes", () => {
  describe("one agent", () => scenarios({ name: "process", daemonArgs: async () => [] }));

  it("runs twenty tasks of two queues on three slots, each once, in queue order", async function () {
    this.timeout(120_000);
    await using product = await Product.start();
    const ledger = join(product.folder, "ledger");
    await writeFile(ledger, "");
    const ids: string[] = [];
    for (const queue of ["first", "second"]) {
      await product.ensureQueue(queue);
      for (let n = 0; n < 10; n++) {
        const diff = `import os\nos.write(os.open(${JSON.stringify(ledger)}, os.O_WRONLY | os.O_APPEND), b"${queue}-${n}\\n")\n`;
        ids.push(await product.enqueue(queue, { name: `${queue} ${n}`, script: { entry_point: "note.py", diff, binary: "python3" } }));
      }
    }
    await product.startDaemon({ queues: ["first", "second"], args: ["--slots", "3"] });
    const tasks = await Promise.all(ids.map((id) => product.ended(id as never)));
    expect(tasks.map((task) => task.status)).to.deep.equal(ids.map(() => "completed"));
    const ran = (await readFile(ledger, "utf8")).trim().split("\n");
    expect([...ran].toSorted()).to.deep.equal([...new Set(ran)].toSorted());
    expect(ran.length).to.equal(20);
    const order = tasks
      .map((task, at) => ({ at, started: Date.parse(task.started ?? "") }))
      .toSorted((a, b) => a.started - b.started || a.at - b.at);
    for (const [position, task] of order.entries()) expect(Math.abs(task.at - position), JSON.stringify(order)).to.be.lessThan(3);
  });

  it("stops a task that runs over its time limit", async function () {
    this.timeout(60_000);
    await using product = await Product.start();
    const config = join(product.folder, "agent.config.yaml");
    await writeFile(config, "run:\n  time_limit: 2s\n");
    await product.startDaemon({ queues: [QUEUE], args: ["--config", config] });
    const task = await product.run(QUEUE, {
      script: { entry_point: "long.py", diff: "import time\ntime.sleep(600)\n", binary: "python3" },
    });
    expect(task.status).to.equal("failed");
    expect(`${task.status_reason} ${task.status_message}`).to.contain("failed/timeout");
  });
});
