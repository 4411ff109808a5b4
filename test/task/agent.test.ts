import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { Product } from "../support/product.ts";
import { makeRepository } from "../support/repository.ts";

const DOOR = pathToFileURL(resolve(import.meta.dirname, "../../task/index.ts")).href;

/** Finds the x of the least loss: by itself the loss of one x, as a tuner by copies of itself with others. */
const PROGRAM = `
import { Task } from "${DOOR}";

const task = await Task.init();
const { x, tunes } = task.connect({ x: 0, tunes: false });
if (tunes) {
  const copies = [];
  for (const candidate of [1, 3, 5]) {
    const copy = await Task.clone({ sourceTask: task, name: "x = " + candidate });
    await copy.updateParameters({ "General/x": candidate, "General/tunes": false });
    await Task.enqueue(copy, { queueName: "copies" });
    copies.push(copy);
  }
  const losses = [];
  for (const copy of copies) {
    await copy.waitForStatus({ checkIntervalMs: 100 });
    losses.push((await copy.getLastScalarMetrics()).loss.value.last);
  }
  const best = copies[losses.indexOf(Math.min(...losses))];
  await task.setUserProperties({ best: best.getParameter("General/x") });
  console.log("the best is", best.name);
} else {
  task.logger.reportScalar({ title: "loss", series: "value", iteration: 0, value: (x - 3) ** 2 });
  await task.uploadArtifact("result", { x });
  console.log("tried", x);
}`;

describe("a TypeScript program under our agent", function () {
  this.timeout(120_000);

  it("runs with the task's parameters, and tunes itself by copies in another queue", async () => {
    await using product = await Product.start();
    await product.startDaemon({ queues: ["tuners"] });
    await product.startDaemon({ queues: ["copies"] });
    const { url, commit } = await makeRepository({ "tune.ts": PROGRAM, "package.json": '{"type":"module"}' });
    const parameter = (section: string, name: string, value: string, type: string) => ({ section, name, value, type });
    const tuner = await product.run(
      "tuners",
      {
        name: "the tuner",
        script: { repository: url, version_num: commit, binary: "bash", entry_point: `-c '${process.execPath} tune.ts'`, working_dir: "." },
        hyperparams: {
          General: { x: parameter("General", "x", "0", "int"), tunes: parameter("General", "tunes", "True", "bool") },
          Windlass: { parameters: parameter("Windlass", "parameters", "sdk", "str") },
        },
      },
      90_000,
    );
    const said = await product.consoleOf(tuner.id);
    expect(tuner.status, said).to.equal("completed");
    expect(said).to.contain("the best is x = 3");
    expect(tuner.hyperparams["properties"]?.["best"]?.value).to.equal("3");
    const copies = await product.tasks.query({ parent: tuner.id, only_fields: ["id", "status", "execution", "hyperparams"] });
    expect(copies.map(({ status }) => status)).to.deep.equal(["completed", "completed", "completed"]);
    for (const copy of copies) {
      const lines = (await product.consoleOf(copy.id)).split("\n");
      const tried = `tried ${copy.hyperparams["General"]?.["x"]?.value}`;
      expect(
        lines.filter((line) => line === tried),
        "once: by the agent, not by the program, too",
      ).to.deep.equal([tried]);
      expect(copy.execution["artifacts"]).to.have.length(1);
    }
  });
});
