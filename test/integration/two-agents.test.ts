import { join } from "node:path";
import { expect } from "chai";
import { eventually, Product } from "../support/product.ts";

describe("two agents of one machine", () => {
  let product: Product;
  before(async () => {
    product = await Product.start();
  });
  after(async function () {
    this.timeout(30_000);
    await product[Symbol.asyncDispose]();
  });

  const workers = async (): Promise<string[]> =>
    (await product.session.call<{ workers: { id: string }[] }>("workers.get_all", {})).workers.map(({ id }) => id).sort();

  it("with one name are two workers; one that comes again takes the number that is free", async function () {
    this.timeout(60_000);
    const start = (state: string) => product.startDaemon({ queues: ["default"], name: "twin", stateFolder: join(product.folder, state) });
    const first = await start("first");
    const second = await start("second");
    await second.waitFor(/twin:1/);
    await eventually("both are registered", async () => (await workers()).join() === "twin:0,twin:1");
    first.child.kill("SIGKILL");
    await first.ended;
    await (await start("first")).waitFor(/twin:0/);
    expect(await workers()).to.deep.equal(["twin:0", "twin:1"]);
  });
});
