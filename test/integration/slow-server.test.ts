import { expect } from "chai";
import type { FaultPlan } from "../support/fault-plans.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { Product } from "../support/product.ts";

/** Each of the three calls of a claim, together more than the time in which a task must be started. */
const CLAIMING = new Set(["queues.remove_task", "tasks.get_by_id", "tasks.started"]);
const slow: FaultPlan = ({ endpoint, nth }) => (CLAIMING.has(endpoint) && nth === 1 ? { kind: "delay", delayMs: 9_000 } : undefined);

describe("a server that answers each call after nine seconds", () => {
  it("has its tasks started at the first claim", async function () {
    this.timeout(90_000);
    await using product = await Product.start();
    await using proxy = await FaultProxy.start(product.apiUrl);
    const daemon = await product.startDaemon({ queues: ["default"], env: { CLEARML_API_HOST: proxy.url } });
    proxy.plan = slow;
    const task = await product.run("default", { script: { entry_point: "fine.py", diff: "print('fine')\n", binary: "python3" } }, 80_000);
    expect(task.status).to.equal("completed");
    expect([proxy.seen("queues.remove_task"), proxy.seen("tasks.started")]).to.deep.equal([1, 1]);
    expect(daemon.output).not.to.contain("the answer to a claim was lost");
  });
});
