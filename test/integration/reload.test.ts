import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { agentStatus } from "../../cli/agent-socket.ts";
import { eventually, Product, type ProgramProcess } from "../support/product.ts";

describe("SIGHUP to an agent", () => {
  let product: Product;
  let daemon: ProgramProcess;
  let config: string;
  let state: string;

  before(async function () {
    this.timeout(30_000);
    product = await Product.start();
    config = join(product.folder, "slots.yaml");
    state = join(product.folder, "state-reload");
    await slots(1);
    daemon = await product.startDaemon({ queues: ["default"], name: "reload", args: ["--config", config] });
  });
  after(() => product?.[Symbol.asyncDispose]());

  const slots = (many: number): Promise<void> => writeFile(config, `agent: { slots: ${many} }\n`);
  const hasSlots = (many: number): Promise<unknown> =>
    eventually(`there are ${many} slots`, async () => (await agentStatus(state)).slots.length === many);
  const readings = (): number => daemon.output.match(/the configuration was read again/g)?.length ?? 0;

  it("three hundred times at once is read a few times, the last word included", async function () {
    this.timeout(30_000);
    for (let n = 0; n < 300; n++) daemon.child.kill("SIGHUP");
    await slots(2);
    daemon.child.kill("SIGHUP");
    await hasSlots(2);
    await eventually("it has been read", async () => readings() > 0);
    expect(readings()).to.be.below(10);
    daemon.mustLive();
  });

  it("is obeyed each time while the server is away", async function () {
    this.timeout(30_000);
    product.server.child.kill("SIGKILL");
    await product.server.ended;
    for (const many of [3, 1, 2]) {
      await slots(many);
      daemon.child.kill("SIGHUP");
      await hasSlots(many);
    }
    expect(daemon.output).not.to.contain("is wrong");
  });
});
