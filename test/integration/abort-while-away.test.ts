import { expect } from "chai";
import { eventually, Product } from "../support/product.ts";

describe("a stop that comes while no agent is there", () => {
  it("stops the program before its last lines are written: no line is lost, none comes after them", async function () {
    this.timeout(60_000);
    await using product = await Product.start();
    const first = await product.startDaemon({ queues: ["default"], name: "agent" });
    const diff = 'import time\nfor n in range(100000):\n    print("line %06d" % n, flush=True)\n    time.sleep(0.002)\n';
    const id = await product.enqueue("default", { script: { entry_point: "talks.py", diff, binary: "python3" } });
    await eventually("the program prints", async () => (await product.consoleOf(id)).includes("line 000100"));
    first.child.kill("SIGKILL");
    await first.ended;
    await product.session.call("tasks.stop", { task: id });
    await product.startDaemon({ queues: ["default"], name: "agent" });
    expect((await product.ended(id, 30_000)).status).to.equal("stopped");
    const lines = (await product.consoleOf(id)).trim().split("\n");
    const numbers = lines.filter((line) => line.startsWith("line ")).map((line) => Number(line.slice(5)));
    expect(numbers).to.deep.equal(numbers.map((_, at) => at));
    expect(lines.slice(1 + numbers.length)[0]).to.contain("aborted/user");
  });
});
