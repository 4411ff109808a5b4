import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { eventually, Product } from "../support/product.ts";

const QUEUE = "short-lived";

describe("a task that is queued again", () => {
  it("goes into a queue of the same name when its own was deleted meanwhile", async function () {
    this.timeout(60_000);
    await using product = await Product.start();
    const daemon = await product.startDaemon({ queues: [QUEUE] });
    const deleted = await product.ensureQueue(QUEUE);
    // A repository that never answers: the run has not come to its program.
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    try {
      await once(silent, "listening");
      const repository = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/none.git`;
      const asked = once(silent, "request");
      const id = await product.enqueue(QUEUE, { script: { repository, branch: "main", entry_point: "main.py", binary: "python3" } });
      await asked;
      await product.session.call("queues.delete", { queue: deleted, force: true });
      daemon.child.kill("SIGTERM");
      await daemon.waitFor(/no new tasks/);
      daemon.child.kill("SIGTERM");
      await daemon.ended;
      const { status, status_reason } = await eventually("it is queued", async () => {
        const task = await product.tasks.get(id);
        return task.status === "queued" ? task : undefined;
      });
      expect([status, status_reason ?? ""].join(" ")).to.match(/queued queued again after aborted\/agent-stopping/);
      const queues = (await product.queues.all()).filter(({ name }) => name === QUEUE);
      expect(queues.map(({ entries }) => entries.map(({ task }) => task))).to.deep.equal([[id]]);
      expect(queues[0]?.id).not.to.equal(deleted);
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });
});
