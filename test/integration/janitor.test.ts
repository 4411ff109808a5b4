import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Client } from "../../agent/client.ts";
import { APART_MS, janitorPass, type LostTaskReport, type PassReport } from "../../agent/janitor/janitor.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { Workers } from "../../api/workers.ts";
import type { Clock } from "../../base/clock.ts";
import { newId } from "../../base/ids.ts";
import { eventually, Product } from "../support/product.ts";

const ONCE = { retry: { tries: 1, firstDelayMs: 0, factor: 1, maxDelayMs: 0 } };
const NOTHING = { script: { entry_point: "a.py", diff: "print('ran')\n", binary: "python3" } };

/** A clock that stands until it is moved. */
class HandClock implements Clock {
  ms = Date.now();
  now(): number {
    return this.ms;
  }
  monotonic(): number {
    return this.ms;
  }
  sleep(): Promise<void> {
    return Promise.resolve();
  }
}

describe("windlass janitor", function () {
  this.timeout(60_000);
  let product: Product;
  let client: Client;
  before(async () => {
    product = await Product.start();
    const { session, tasks, queues, events } = product;
    client = { session, tasks, queues, events, workers: new Workers(session) };
  });
  after(async () => {
    await product?.[Symbol.asyncDispose]();
  });

  /** Tasks that somebody took off their queue and forgot. */
  const lose = async (queue: string): Promise<TaskId> => {
    const id = await product.ensureQueue(queue);
    const task = await product.enqueue(queue, NOTHING);
    await product.queues.removeTask(id, task, ONCE);
    return task;
  };
  /** A janitor with a state folder and a clock of its own; each pass is as a process of its own. */
  const janitor = (): { clock: HandClock; pass: (dryRun?: boolean) => Promise<PassReport> } => {
    const clock = new HandClock();
    const deps = { client, server: product.apiUrl, stateFolder: join(product.folder, `janitor-${newId()}`), clock };
    return { clock, pass: (dryRun = false) => janitorPass(deps, dryRun) };
  };
  const about = ({ lost }: PassReport, task: TaskId): LostTaskReport | undefined => lost.find((one) => one.task === task);
  const entries = async (queue: string): Promise<string[]> =>
    (await product.queues.all()).find(({ name }) => name === queue)?.entries.map(({ task }) => task) ?? [];

  it("puts a task that was lost in two passes ten minutes apart at the front of its queue", async () => {
    const { clock, pass } = janitor();
    const lost = await lose("front");
    const waiting = await product.enqueue("front", NOTHING);
    expect(about(await pass(), lost)).to.include({ verdict: "waiting", why: "seen for the first time" });
    clock.ms += APART_MS - 1_000;
    expect(about(await pass(), lost)?.why).to.equal("seen so for 9 min 59 s of 10 min 0 s");
    clock.ms += 1_000;
    expect(about(await pass(), lost)).to.include({ verdict: "offered", queue: "front" });
    expect(await entries("front")).to.deep.equal([lost, waiting]);
    expect(about(await pass(), lost)).to.equal(undefined);
  });

  it("only reports with a dry run", async () => {
    const { clock, pass } = janitor();
    const lost = await lose("dry");
    await pass(true);
    clock.ms += APART_MS;
    expect(about(await pass(true), lost)).to.include({ verdict: "would be offered" });
    expect(await entries("dry")).to.deep.equal([]);
  });

  it("counts anew after any change, and when a pass between did not see it lost", async () => {
    const { clock, pass } = janitor();
    const [changed, returned] = [await lose("anew"), await lose("anew")];
    const queue = await product.ensureQueue("anew");
    await pass();
    clock.ms += APART_MS;
    await product.tasks.edit(changed, { comment: "looked at" });
    await product.queues.addTask(queue, returned);
    const second = await pass();
    expect(about(second, changed)).to.include({ verdict: "waiting", why: "changed since the pass before: seen anew" });
    expect(about(second, returned)).to.equal(undefined);
    await product.queues.removeTask(queue, returned, ONCE);
    clock.ms += APART_MS;
    const third = await pass();
    expect(about(third, changed)?.verdict).to.equal("offered");
    expect(about(third, returned)?.why).to.equal("seen for the first time");
  });

  it("leaves alone what a worker names, and what belongs to a queue that is no more", async () => {
    const { clock, pass } = janitor();
    const [named, homeless] = [await lose("named"), await lose("gone")];
    await client.workers.report({ worker: "other:0", timestamp: Date.now(), task: named });
    await product.session.call("queues.delete", { queue: await product.ensureQueue("gone"), force: true });
    for (const _ of [1, 2]) {
      const report = await pass();
      expect(about(report, named)).to.include({ verdict: "left alone", why: "the worker other:0 names it" });
      expect(about(report, homeless)?.why).to.match(/its queue .* was deleted/);
      clock.ms += APART_MS;
    }
    await client.workers.unregister("other:0", []);
    expect(about(await pass(), named)?.verdict).to.equal("waiting");
  });

  it("offers a task once when several janitors come at the same moment", async () => {
    const lost = await lose("race");
    const janitors = [janitor(), janitor(), janitor(), janitor()];
    for (const { pass } of janitors) await pass();
    for (const { clock } of janitors) clock.ms += APART_MS;
    const reports = await Promise.all(janitors.map(({ pass }) => pass()));
    const offered = reports.filter((report) => about(report, lost)?.verdict === "offered");
    expect(offered.length).to.equal(1);
    expect(await entries("race")).to.deep.equal([lost]);
  });

  it("finds one lost task among more tasks and queues than a page holds", async () => {
    const { clock, pass } = janitor();
    const many = async (count: number, make: (at: number) => Promise<unknown>): Promise<void> => {
      for (let at = 0; at < count; at += 50)
        await Promise.all(Array.from({ length: Math.min(50, count - at) }, (_, one) => make(at + one)));
    };
    await many(520, (at) => product.queues.create(`many-${at}`));
    await many(1_050, (at) => product.enqueue(`many-${at % 520}`, {}));
    const lost = await lose("many-519");
    const first = await pass();
    expect(first.queued).to.be.greaterThan(1_050);
    expect(about(first, lost)?.verdict).to.equal("waiting");
    clock.ms += APART_MS;
    expect((await pass()).lost.filter(({ verdict }) => verdict === "offered").map(({ task }) => task)).to.include(lost);
    expect((await entries("many-519"))[0]).to.equal(lost);
  });

  it("is a command that remembers from one process to the next, and an agent then runs the task", async () => {
    const lost = await lose("command");
    const state = join(product.folder, "state-command");
    const call = async (...args: string[]): Promise<LostTaskReport | undefined> => {
      const { code, output } = await product.windlass(["janitor", "--json", "--state", state, ...args]);
      expect(code, output).to.equal(0);
      return about(JSON.parse(output) as PassReport, lost);
    };
    expect((await call("--once"))?.verdict).to.equal("waiting");
    const path = join(state, "janitor.json");
    const memory = await readFile(path, "utf8");
    await writeFile(
      path,
      memory.replace(/"sinceMs":(\d+)/g, (_, ms: string) => `"sinceMs":${Number(ms) - APART_MS}`),
    );
    expect((await call("--dry-run"))?.verdict).to.equal("would be offered");
    expect((await call())?.verdict).to.equal("offered");
    await product.startDaemon({ queues: ["command"] });
    expect((await product.ended(lost)).status).to.equal("completed");
  });

  it("works beside an agent that is told to", async () => {
    const lost = await lose("scheduled");
    const state = join(product.folder, "state-scheduled");
    const config = join(product.folder, "janitor.yaml");
    await writeFile(config, "janitor:\n  enabled: true\n  every: 1s\n");
    const stamp = (
      await product.session.call<{ tasks: object[] }>("tasks.get_all", {
        id: [lost],
        only_fields: ["status_changed", "last_update", "last_change"],
      })
    ).tasks[0] as Record<string, string>;
    const mark = `${stamp["status_changed"]} ${stamp["last_update"]} ${stamp["last_change"]}`;
    await product.windlass(["janitor", "--state", state]);
    const seen = { servers: { [product.apiUrl]: { [lost]: { sinceMs: Date.now() - APART_MS, mark } } } };
    await writeFile(join(state, "janitor.json"), JSON.stringify(seen));
    const daemon = await product.startDaemon({ queues: ["scheduled"], stateFolder: state, args: ["--config", config] });
    expect((await product.ended(lost)).status).to.equal("completed");
    await eventually("the agent said so", async () => daemon.output.includes("a lost task was put back"));
    expect(await daemon.end()).to.equal(0);
  });
});
