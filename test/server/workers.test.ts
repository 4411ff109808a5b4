import { expect } from "chai";
import { COMPANY } from "../../server/store/store.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";

// biome-ignore lint/suspicious/noExplicitAny: documents of the wire, looked at by tests
type Worker = any;

describe("workers", () => {
  let server: EmbeddedServer;
  before(async () => {
    server = await EmbeddedServer.start();
  });
  after(async () => await server[Symbol.asyncDispose]());

  const all = async (body: object = {}): Promise<Worker[]> => (await server.ask("workers.get_all", body)).workers;
  const names = async (body: object): Promise<string[]> => (await all(body)).map(({ id }) => id as string).toSorted();
  const one = async (id: string): Promise<Worker> => (await all({ worker_pattern: id }))[0];
  const report = async (worker: string, fields: object = {}): Promise<object> =>
    await server.ask("workers.status_report", { worker, timestamp: Date.now(), ...fields });
  const refusal = async (endpoint: string, body: object): Promise<string> => {
    const { status, subcode, message } = await server.call(endpoint, body);
    return `${status}/${subcode} ${message}`;
  };
  let count = 0;
  const newQueue = async (): Promise<string> => (await server.ask("queues.create", { name: `served ${count++}` })).id as string;

  describe("workers.register", () => {
    it("makes a fresh entry with queues, tags and address", async () => {
      const queue = await newQueue();
      await report("reg:0", { task: await server.task(), tags: ["old"] });
      const body = { worker: "reg:0", queues: [queue], tags: ["t"], system_tags: ["s"], timeout: 0 };
      expect(await server.ask("workers.register", body)).to.deep.equal({});
      const worker = await one("reg:0");
      expect(worker).to.deep.include({ id: "reg:0", tags: ["t"], system_tags: ["s"], register_timeout: 600, ip: "127.0.0.1" });
      expect(worker.key).to.equal(`worker_${COMPANY}_${worker.user.id}_reg:0`);
      expect(worker.company).to.deep.equal({ id: COMPANY, name: "clearml" });
      expect(worker.queues).to.deep.equal([{ id: queue, name: `served ${count - 1}`, num_tasks: 0 }]);
      expect(worker).to.not.have.any.keys("task", "project", "queue", "last_report_time");
    });

    it("takes the address from the proxy's headers", async () => {
      for (const [headers, ip] of [
        [{ "x-real-ip": "10.1.2.3" }, "10.1.2.3"],
        [{ "x-forwarded-for": "10.9.8.7, 10.0.0.1" }, "10.9.8.7"],
      ] as const) {
        await fetch(`${server.apiUrl}/workers.register`, {
          method: "POST",
          headers: { ...headers, authorization: `Bearer ${server.token}` },
          body: JSON.stringify({ worker: "far:0" }),
        });
        expect((await one("far:0")).ip).to.equal(ip);
      }
    });

    it("writes resources into the queues", async () => {
      const queue = await newQueue();
      const resources = { cpu_usage: 2, gpu_usage: 0.5 };
      await server.ask("workers.register", { worker: "res:0", queues: [queue], resources });
      expect((await server.ask("queues.get_by_id", { queue })).queue.resources).to.deep.equal(resources);
    });

    it("refuses unknown queues and a negative time", async () => {
      const queue = await newQueue();
      expect(await refusal("workers.register", { worker: "bad:0", queues: ["nope", queue] })).to.equal(
        "400/701 Invalid queue id: ids=(nope)",
      );
      expect(await refusal("workers.register", { worker: "bad:0", timeout: -5 })).to.equal(
        "400/1002 Worker registration failed (invalid timeout): timeout=-5, worker=bad:0",
      );
      expect(await one("bad:0")).to.equal(undefined);
    });

    it("is forgotten when its time is over", async () => {
      await server.ask("workers.register", { worker: "short:0", timeout: 1 });
      expect(await one("short:0")).to.not.equal(undefined);
      while ((await one("short:0")) !== undefined) await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await names({ last_seen: 0, worker_pattern: "short:0" })).to.deep.equal([]);
    });
  });

  describe("workers.unregister", () => {
    it("forgets the worker, an unknown one too", async () => {
      await server.ask("workers.register", { worker: "bye:0" });
      expect(await server.ask("workers.unregister", { worker: "bye:0" })).to.deep.equal({});
      expect(await one("bye:0")).to.equal(undefined);
      expect(await server.ask("workers.unregister", { worker: "bye:0" })).to.deep.equal({});
    });
  });

  describe("workers.status_report", () => {
    it("registers by itself, marks the task and shows task, project, queue", async () => {
      const { id: project } = await server.ask("projects.create", { name: "reported" });
      const [task, queue] = [await server.task({ project, name: "reported task" }), await newQueue()];
      await server.ask("queues.add_task", { queue, task });
      const { last_update: before } = (await server.ask("projects.get_by_id", { project })).project;
      await report("rep:0", { task, queue, queues: [queue] });
      const worker = await one("rep:0");
      expect(worker.task).to.deep.equal({ id: task, name: "reported task", running_time: 0, last_iteration: 0 });
      expect(worker.project).to.deep.equal({ id: project, name: "reported" });
      const summary = { id: queue, name: `served ${count - 1}`, num_tasks: 1, next_task: { id: task, name: "reported task" } };
      expect(worker.queue).to.deep.equal(summary);
      expect(worker.queues).to.deep.equal([summary]);
      const seen = (await server.ask("tasks.get_by_id", { task })).task;
      expect(seen).to.include({ last_worker: "rep:0", last_update: seen.last_worker_report, last_change: seen.last_worker_report });
      expect((await server.ask("projects.get_by_id", { project })).project.last_update).to.equal(before);
    });

    it("without task, tags and queue takes them away, and keeps the queues", async () => {
      const [task, queue] = [await server.task(), await newQueue()];
      await report("rep:1", { task, queue, queues: [queue], tags: ["a"], system_tags: ["b"] });
      await report("rep:1", { queues: [] });
      const worker = await one("rep:1");
      expect(worker).to.deep.include({ tags: [], system_tags: [] }).and.not.have.any.keys("task", "project", "queue");
      expect(worker.queues.map(({ id }: { id: string }) => id)).to.deep.equal([queue]);
    });

    it("keeps what it said of itself when its task is unknown", async () => {
      await report("rep:2", { queues: ["elsewhere"], tags: ["old"] });
      const before = await one("rep:2");
      const body = { worker: "rep:2", timestamp: Date.now(), task: "nope", queue: "elsewhere", tags: ["new"] };
      expect(await refusal("workers.status_report", body)).to.equal(`400/101 Invalid task id: id=nope, company=${COMPANY}`);
      const after = await one("rep:2");
      expect(after).to.deep.include({ tags: ["new"], queue: { id: "elsewhere" }, last_report_time: before.last_report_time });
    });
  });

  describe("workers.get_all", () => {
    before(async () => {
      for (const worker of ["gl:a0", "gl:a1", "gl:b0", "x-gl:a0"]) await report(worker);
      await report("tag:0", { tags: ["one", "two"], system_tags: ["sys"] });
      await report("tag:1", { tags: ["two"] });
    });

    it("finds names by patterns that mean the whole name", async () => {
      expect(await names({ worker_pattern: "gl:*" })).to.deep.equal(["gl:a0", "gl:a1", "gl:b0"]);
      expect(await names({ worker_pattern: "gl:a?" })).to.deep.equal(["gl:a0", "gl:a1"]);
      expect(await names({ worker_pattern: "gl:[ab]0" })).to.deep.equal(["gl:a0", "gl:b0"]);
      expect(await names({ worker_pattern: "gl:[^b]*" })).to.deep.equal(["gl:a0", "gl:a1"]);
      for (const none of ["gl:", "[", "gl:[z-a]0", "(", "\\"]) expect(await names({ worker_pattern: none }), none).to.deep.equal([]);
    });

    it("finds by any of the tags, without those that are excluded", async () => {
      const found = async (body: object): Promise<string[]> => await names({ worker_pattern: "tag:*", ...body });
      expect(await found({ tags: ["one", "two"] })).to.deep.equal(["tag:0", "tag:1"]);
      expect(await found({ tags: ["two", "-one"] })).to.deep.equal(["tag:1"]);
      expect(await found({ tags: ["-one"] })).to.deep.equal(["tag:1"]);
      expect(await found({ tags: ["two"], system_tags: ["sys"] })).to.deep.equal(["tag:0"]);
      expect(await found({ system_tags: ["-sys"] })).to.deep.equal(["tag:1"]);
    });

    it("finds a worker by a tag that it once had", async () => {
      await report("once:0", { tags: ["was"] });
      await report("once:0");
      expect(await names({ tags: ["was"] })).to.deep.equal(["once:0"]);
      expect((await one("once:0")).tags).to.deep.equal([]);
    });

    it("shows whom it saw in time, all with 0", async () => {
      await report("seen:0");
      await new Promise((resolve) => setTimeout(resolve, 1100));
      expect(await names({ worker_pattern: "seen:0", last_seen: 1 })).to.deep.equal([]);
      expect(await names({ worker_pattern: "seen:0", last_seen: 0 })).to.deep.equal(["seen:0"]);
    });
  });

  describe("workers.get_count", () => {
    it("counts as get_all finds", async () => {
      for (const worker of ["cnt:0", "cnt:1"]) await report(worker, { tags: worker === "cnt:0" ? ["counted"] : [] });
      expect(await server.ask("workers.get_count", { worker_pattern: "cnt:*" })).to.deep.equal({ count: 2 });
      expect(await server.ask("workers.get_count", { worker_pattern: "cnt:*", tags: ["counted"] })).to.deep.equal({ count: 1 });
    });
  });

  /** The beginning of a bucket of a minute, well in the past. */
  const T = Math.floor(Date.now() / 60_000) * 60_000 - 600_000;
  const minutes = (from: number, to: number): object => ({
    from_date: (T + from * 60_000) / 1000,
    to_date: (T + to * 60_000) / 1000,
    interval: 60,
  });

  describe("workers.get_stats", () => {
    before(async () => {
      const send = async (timestamp: number, machine_stats: object): Promise<object> => await report("st:0", { timestamp, machine_stats });
      await send(T, { cpu_usage: [10, 20], memory_used: 100, gpu_usage: [0, 50], network_tx: 0, gpu_memory_used: [] });
      await send(T + 30_000, { cpu_usage: [60], memory_used: 300, gpu_usage: [10, 70] });
      await send(T + 120_000, { cpu_usage: [40], memory_used: 500, gpu_usage: [20, 0] });
    });
    const stats = async (body: object): Promise<Worker[]> =>
      (await server.ask("workers.get_stats", { ...minutes(0, 4), worker_ids: ["st:0"], ...body })).workers;

    it("gives each interval its aggregation, 0 without figures, and leaves out the one that is not over", async () => {
      const items = [{ key: "cpu_usage" }, { key: "cpu_usage", aggregation: "max" }, { key: "memory_used", aggregation: "min" }];
      const dates = [T, T + 60_000, T + 120_000, T + 180_000];
      const series = (aggregation: string, values: number[]): object => ({ aggregation, dates, values, resource_series: [] });
      expect(await stats({ items })).to.deep.equal([
        {
          worker: "st:0",
          metrics: [
            { metric: "cpu_usage", stats: [series("avg", [30, 0, 40, 0]), series("max", [60, 0, 40, 0])] },
            { metric: "memory_used", stats: [series("min", [100, 0, 500, 0])] },
          ],
        },
      ]);
    });

    it("splits figures of GPUs by resource", async () => {
      const [worker] = await stats({ items: [{ key: "gpu_usage" }], split_by_resource: true });
      expect(worker.metrics[0].stats[0]).to.deep.include({
        values: [32.5, 0, 10, 0],
        resource_series: [
          { name: "0", values: [5, 0, 20, 0] },
          { name: "1", values: [60, 0, 0, 0] },
        ],
      });
    });

    it("is silent of workers and metrics without figures, and widens narrow intervals", async () => {
      expect(await stats({ items: [{ key: "disk_read" }, { key: "network_tx" }] })).to.deep.equal([]);
      expect(await stats({ items: [{ key: "cpu_usage" }], worker_ids: ["nobody"] })).to.deep.equal([]);
      const [worker] = await stats({ items: [{ key: "cpu_usage" }], interval: 1 });
      const { dates } = worker.metrics[0].stats[0];
      expect(dates[1] - dates[0]).to.equal(40_000);
    });

    it("refuses ranges that are none or too long", async () => {
      const body = { items: [{ key: "cpu_usage" }], interval: 60 };
      expect(await refusal("workers.get_stats", { ...body, from_date: 9, to_date: 9 })).to.equal(
        "400/16 Invalid value for fields (from_date must be less than to_date)",
      );
      expect(await refusal("workers.get_stats", { ...body, from_date: 0, to_date: 1e12 })).to.match(/^400\/12 .*65536 intervals/);
    });
  });

  describe("workers.get_metric_keys", () => {
    it("groups what was reported, the most reported first", async () => {
      await report("keys:0", {
        machine_stats: { gpu_usage: [1, 2, 3], cpu_usage: [1], gpu_temperature: [1], disk_read: 0, memory_free: 7 },
      });
      const { categories } = await server.ask("workers.get_metric_keys", { worker_ids: ["keys:0"] });
      expect(categories).to.deep.equal([
        { name: "gpu", metric_keys: ["gpu_usage", "gpu_temperature"] },
        { name: "cpu", metric_keys: ["cpu_usage"] },
        { name: "memory", metric_keys: ["memory_free"] },
      ]);
      expect(await refusal("workers.get_metric_keys", { worker_ids: ["nobody"] })).to.match(/^400\/1005 Worker stats not found/);
    });
  });

  describe("workers.get_activity_report", () => {
    it("counts who reported, and who of them with a task, without the last interval", async () => {
      await using other = await EmbeddedServer.start();
      const send = async (worker: string, at: number, task?: string): Promise<object> =>
        await other.ask("workers.status_report", { worker, timestamp: at, task, machine_stats: { cpu_usage: [1] } });
      expect(await other.ask("workers.get_activity_report", minutes(0, 3))).to.deep.equal({
        total: { dates: [], counts: [] },
        active: { dates: [], counts: [] },
      });
      for (const at of [T, T + 1000, T + 61_000]) await send("w:0", at, await other.task());
      await send("w:1", T + 2000);
      const dates = [T, T + 60_000, T + 120_000];
      expect(await other.ask("workers.get_activity_report", minutes(0, 3))).to.deep.equal({
        total: { dates, counts: [2, 1, 0] },
        active: { dates, counts: [1, 1, 0] },
      });
    });
  });
});
