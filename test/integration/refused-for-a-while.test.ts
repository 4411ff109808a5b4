import { expect } from "chai";
import { type FaultPlan, page, refusal } from "../support/fault-plans.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { eventually, Product } from "../support/product.ts";
import { processesWith } from "../support/scenarios.ts";

/** Keys that are being changed, a proxy that wants a login of its own: nothing that reaches the agent is an answer about its task. */
const REFUSALS = [
  refusal(401, 20, "invalid token"),
  refusal(403, 0, "not you"),
  page(403, "Forbidden by the guard"),
  page(413, "Too large"),
];
const everything: FaultPlan = ({ endpoint, nth }) => (endpoint === "queues.get_all" ? undefined : REFUSALS[nth % REFUSALS.length]);

describe("keys and proxies that refuse everything for a while", () => {
  it("cost a run nothing: not its program, not its end, no line of its console", async function () {
    this.timeout(120_000);
    await using product = await Product.start();
    await using proxy = await FaultProxy.start(product.apiUrl);
    const daemon = await product.startDaemon({ queues: ["default"], env: { CLEARML_API_HOST: proxy.url } });
    const diff =
      'import time\nfor n in range(20):\n    print("line", n, flush=True)\n    time.sleep(0.2)\nraise SystemExit(3) # while-refused\n';
    const id = await product.enqueue("default", { script: { entry_point: "while-refused.py", diff, binary: "python3" } });
    await eventually("the program prints", async () => (await product.consoleOf(id)).includes("line 1\n"));
    proxy.plan = everything;
    await eventually("the program is over", async () => (await processesWith("while-refused")).length === 0);
    const refused = (): number => proxy.counts.answer ?? 0;
    const before = refused();
    await eventually("its console and its end are refused, too", () => Promise.resolve(refused() >= before + 8), 60_000);
    expect((await product.tasks.get(id)).status).to.equal("in_progress");
    proxy.plan = () => undefined;
    const task = await product.ended(id, 60_000);
    expect([task.status, task.status_reason]).to.deep.equal(["failed", "failed/exit-code: the program ended with exit code 3"]);
    const lines = (await product.consoleOf(id)).split("\n").filter((line) => line.startsWith("line "));
    expect(lines).to.deep.equal(Array.from({ length: 20 }, (_, n) => `line ${n}`));
    expect(daemon.output.match(/HTTP 403[^\n]*nginx\/1.27[^\n]*Forbidden by the guard/g)).to.have.length(1);
  });

  it("cost nothing either when they refuse the last report only", async function () {
    this.timeout(120_000);
    await using product = await Product.start();
    await using proxy = await FaultProxy.start(product.apiUrl);
    await product.startDaemon({ queues: ["default"], env: { CLEARML_API_HOST: proxy.url } });
    proxy.plan = (request) => (/^tasks\.(failed|completed)$/.test(request.endpoint) && request.nth <= 4 ? everything(request) : undefined);
    const task = await product.run("default", { script: { entry_point: "fine.py", diff: "print('fine')\n", binary: "python3" } });
    expect([task.status, proxy.counts.answer]).to.deep.equal(["completed", 4]);
  });
});
