import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
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
  /** Processes of the agent that read its configuration at this moment. */
  async function readers(): Promise<string[]> {
    const { pid } = daemon.child;
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).split(" ").filter(Boolean);
    const commands = children.map(async (child) => [child, await readFile(`/proc/${child}/cmdline`, "utf8").catch(() => "")] as const);
    return (await Promise.all(commands)).flatMap(([child, command]) => (command.includes("config-process") ? [child] : []));
  }

  const readings = (): number => daemon.output.match(/the configuration was read again/g)?.length ?? 0;

  it("three hundred times at once is read a few times, the last word included", async function () {
    this.timeout(30_000);
    const seen = new Set<string>();
    for (let n = 0; n < 300; n++) {
      daemon.child.kill("SIGHUP");
      await pause(1);
      const now = await readers();
      expect(now, "one reader at a time").to.have.length.below(2);
      for (const reader of now) seen.add(reader);
    }
    expect(seen.size, "readers").to.be.greaterThan(0);
    await slots(2);
    daemon.child.kill("SIGHUP");
    await hasSlots(2);
    await pause(2_000);
    expect(readings()).to.be.within(1, 10);
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
