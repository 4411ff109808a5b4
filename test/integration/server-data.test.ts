import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { ONCE } from "../../base/retry.ts";
import { ServerUnderTest } from "../chaos/server-under-test.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";
import { Product } from "../support/product.ts";
import { SeededRandom } from "../support/random.ts";

const LINES = 500;

/** Batches of numbered lines to one task, one after the other, until told to stop; how many the server said it has. */
class Writer {
  acknowledged = 0;
  #going = true;
  readonly ended: Promise<void>;

  constructor(product: Product, task: TaskId) {
    this.ended = this.#write(product, task).catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.ended;
  }

  async #write(product: Product, task: TaskId): Promise<void> {
    for (let batch = 0; this.#going; batch++) {
      const lines = Array.from({ length: LINES }, (_, n) => ({
        type: "log",
        task,
        timestamp: batch * LINES + n + 1,
        msg: `line ${batch * LINES + n}\n`,
      }));
      const text = lines.map((line) => JSON.stringify(line)).join("\n");
      await product.session.callLines("events.add_batch", text, { retry: ONCE });
      this.acknowledged = batch + 1;
    }
  }
}

/** How many batches of the task are in a data file, each whole; fails on half ones. */
function batchesIn(path: string, task: TaskId): number {
  const db = new Sqlite(path, { readonly: true });
  try {
    expect(db.pragma("integrity_check", { simple: true })).to.equal("ok");
    const sql = "SELECT count(*) AS n FROM log_events WHERE task = (SELECT seq FROM event_owners WHERE id = ?)";
    const { n } = db.prepare(sql).get(task) as { n: number };
    expect(n % LINES, `${n} lines`).to.equal(0);
    return n / LINES;
  } finally {
    db.close();
  }
}

describe("the server's data", () => {
  let product: Product;
  beforeEach(async () => {
    product = await Product.start();
  });
  afterEach(async function () {
    this.timeout(30_000);
    await product[Symbol.asyncDispose]();
  });

  it("can be copied while it is written, and the copy is a server", async function () {
    this.timeout(60_000);
    const [task, target] = [await product.createTask({ name: "backed up" }), join(product.folder, "backup")];
    const files = (await readFile(product.configPath, "utf8")).match(/files_server: "([^"]+)"/)?.[1] ?? "";
    const upload = async (name: string): Promise<void> => {
      const form = new FormData();
      form.append(`project/${name}`, new Blob([name.repeat(1000)]), name);
      const headers = { authorization: `Bearer ${(await product.session.call<{ token: string }>("auth.login", {})).token}` };
      expect((await fetch(files, { method: "POST", body: form, headers })).status).to.equal(200);
    };
    await upload("before.bin");
    const writer = new Writer(product, task);
    while (writer.acknowledged < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    const before = writer.acknowledged;
    const { code, output } = await product.windlass(["server", "backup", "--data", join(product.folder, "server"), target]);
    expect(code, output).to.equal(0);
    const after = writer.acknowledged;
    await writer.stop();
    expect(batchesIn(join(target, "windlass.db"), task)).to.be.within(before, after + 1);
    expect(existsSync(`${target}.partial`)).to.equal(false);
    await using copy = await EmbeddedServer.start({ dataFolder: target });
    expect((await copy.ask("tasks.get_by_id", { task })).task.name).to.equal("backed up");
    const headers = { authorization: `Bearer ${copy.token}` };
    expect(await (await fetch(`${copy.filesUrl}/project/before.bin`, { headers })).text()).to.equal("before.bin".repeat(1000));
    const again = await product.windlass(["server", "backup", "--data", join(product.folder, "server"), target]);
    expect(again.code).to.equal(1);
    expect(again.output).to.contain("is there already");
  });

  it("holds every batch that was acknowledged, and no half one, however often the server is killed", async function () {
    this.timeout(120_000);
    const random = new SeededRandom(5);
    await using server = new ServerUnderTest(product);
    const data = join(product.folder, "server");
    for (let round = 0; round < 5; round++) {
      const task = await product.createTask({ name: `round ${round}` });
      const writer = new Writer(product, task);
      while (writer.acknowledged < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, random.below(300)));
      await server.outage("SIGKILL", 0, async () => {
        await writer.stop();
        expect(batchesIn(join(data, "windlass.db"), task)).to.be.within(writer.acknowledged, writer.acknowledged + 1);
      });
    }
  });

  it("has whole slices of a large batch that the server's death cut off; repeated, the batch is there once", async function () {
    this.timeout(60_000);
    await using server = new ServerUnderTest(product);
    const path = join(product.folder, "server", "windlass.db");
    const task = await product.createTask({ name: "cut off" });
    const count = 20_000;
    const fields = { type: "training_stats_scalar", task, metric: "m", variant: "v", pad: "x".repeat(400) };
    const lines = Array.from({ length: count }, (_, iter) => JSON.stringify({ ...fields, iter, value: iter })).join("\n");
    const send = (): Promise<unknown> => product.session.callLines("events.add_batch", lines, { retry: ONCE });
    const sent = send().then(
      () => "answered",
      () => "cut off",
    );
    const db = new Sqlite(path, { readonly: true });
    const stored = (): number => db.prepare<[], number>("SELECT count(*) FROM points").pluck().get() ?? 0;
    while (stored() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await server.outage("SIGKILL", 0, async () => {
      expect(await sent).to.equal("cut off");
      expect(stored()).to.be.within(1, count - 1);
      expect(db.pragma("integrity_check", { simple: true })).to.equal("ok");
      db.close();
    });
    const summary = async (): Promise<[number, object[]]> => {
      const { last_iteration: last, last_metrics: metrics } = (await product.tasks.get(task)) as unknown as {
        last_iteration: number;
        last_metrics: Record<string, Record<string, object>>;
      };
      return [last, Object.values(metrics).flatMap((variants) => Object.values(variants))];
    };
    expect(await summary()).to.deep.equal([0, []]);
    await send();
    const [last, [curve]] = await summary();
    expect(last).to.equal(count - 1);
    expect(curve).to.include({ count, value: count - 1, min_value: 0 });
    const again = new Sqlite(path, { readonly: true });
    expect(again.prepare<[], number>("SELECT count(*) FROM points").pluck().get()).to.equal(count);
    again.close();
  });
});
