import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";

type Point = [iter: number | undefined, value: number, more?: object];

describe("events as curves and values", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(() => server[Symbol.asyncDispose]());

  async function report(task: string, metric: string, variant: string, points: Point[]): Promise<void> {
    await server.lines(
      points.map(([iter, value, more]) => ({
        ...{ type: "training_stats_scalar", task, metric, variant, value },
        ...(iter === undefined ? {} : { iter }),
        ...more,
      })),
    );
  }

  async function taskWith(points: Point[]): Promise<string> {
    const task = await server.task();
    await report(task, "m", "v", points);
    return task;
  }

  const line = (count: number, first = 0): Point[] =>
    Array.from({ length: count }, (_, n) => [first + n, n, { timestamp: 1_700_000_000_000 + 1000 * n }]);
  const curve = async (task: string, more: object): Promise<Reply["data"]> =>
    (await server.ask("events.scalar_metrics_iter_histogram", { task, ...more })).m.v;

  describe("events.scalar_metrics_iter_histogram", () => {
    it("cuts a curve in buckets that begin at multiples of their width", async () => {
      const task = await taskWith(line(25));
      const widths = [
        [25, 1],
        [24, 2],
        [10, 3],
        [7, 4],
        [1, 25],
      ] as const;
      for (const [samples, width] of widths) {
        const { x } = await curve(task, { samples });
        expect(x, String(samples)).to.deep.equal(Array.from({ length: Math.ceil(25 / width) }, (_, n) => n * width));
      }
      const shifted = await taskWith(line(12, 100));
      expect((await curve(shifted, { samples: 5 })).x).to.deep.equal([99, 102, 105, 108, 111]);
      expect((await curve(shifted, { samples: 5 })).y).to.deep.equal([0.5, 3, 6, 9, 11]);
    });

    it("floors below zero and skips what is empty", async () => {
      const task = await taskWith([
        [-3, 1],
        [-2, 3],
        [9, 5],
      ]);
      expect(await curve(task, { samples: 3 })).to.deep.equal({ name: "v", x: [-5, 5], y: [2, 5] });
    });

    it("has times for an axis, as numbers or as dates", async () => {
      const task = await taskWith(line(25));
      const { x } = await curve(task, { samples: 5, key: "timestamp" });
      expect([x.length, x[0], x[1] - x[0]]).to.deep.equal([6, 1_699_999_998_497, 4801]);
      expect((await curve(task, { samples: 5, key: "iso_time" })).x[0]).to.equal("2023-11-14T22:13:18.497Z");
      expect((await server.call("events.scalar_metrics_iter_histogram", { task, key: "zz" })).subcode).to.equal(12);
    });

    it("means values of thirty-two bits", async () => {
      const task = await taskWith([
        [0, 0.1],
        [1, 16_777_217],
      ]);
      expect((await curve(task, {})).y).to.deep.equal([0.10000000149011612, 16_777_216]);
    });

    it("leaves out single values and what has no iteration, and shows the label of the axis", async () => {
      const task = await taskWith([
        [1, 1, { x_axis_label: "epoch" }],
        [undefined, 2],
      ]);
      await report(task, "Summary", "single", [[-2_147_483_648, 3]]);
      expect(await server.ask("events.scalar_metrics_iter_histogram", { task, key: "timestamp" })).to.have.all.keys("m");
      expect(await curve(task, {})).to.deep.equal({ name: "v", x: [1], y: [1], x_axis_label: "epoch" });
      expect(await server.ask("events.scalar_metrics_iter_histogram", { task: await server.task() })).to.deep.equal({});
    });

    it("gives similar curves one width, and the wide ones last", async () => {
      const task = await server.task();
      await report(
        task,
        "b",
        "wide",
        line(40).map(([n, v]) => [Number(n) * 10, v]),
      );
      await report(task, "a", "near", line(105));
      await report(task, "a", "short", line(100));
      const all = await server.ask("events.scalar_metrics_iter_histogram", { task, samples: 10 });
      expect(Object.keys(all)).to.deep.equal(["a", "b"]);
      expect(all.a.near.x.slice(0, 2)).to.deep.equal([0, 11]);
      expect(all.a.short.x.slice(0, 2)).to.deep.equal([0, 11]);
      expect(all.b.wide.x.slice(0, 2)).to.deep.equal([0, 40]);
    });

    it("gives the asked metrics and variants only", async () => {
      const task = await taskWith([[1, 1]]);
      await report(task, "m", "w", [[1, 1]]);
      await report(task, "n", "v", [[1, 1]]);
      const ask = async (metrics: object[]): Promise<object> => await server.ask("events.scalar_metrics_iter_histogram", { task, metrics });
      expect(await ask([{ metric: "m", variants: ["w"] }, { metric: "zz" }])).to.deep.equal({ m: { w: { name: "w", x: [1], y: [1] } } });
      expect(Object.keys(await ask([{ metric: "m", variants: [] }]))).to.deep.equal(["m"]);
    });
  });

  describe("events.multi_task_scalar_metrics_iter_histogram", () => {
    it("puts the curves of tasks side by side, each with its own width", async () => {
      const [one, two] = [await taskWith(line(4)), await taskWith(line(40))];
      const { metrics } = await server.ask("events.multi_task_scalar_metrics_iter_histogram", { tasks: [one, two], samples: 10 });
      expect(metrics.m.v[one]).to.deep.equal({ name: "a task", x: [0, 1, 2, 3], y: [0, 1, 2, 3] });
      expect(metrics.m.v[two].x.length).to.equal(10);
    });

    it("refuses unknown tasks, and more than a hundred", async () => {
      const task = await taskWith([]).catch(async () => await server.task());
      const call = async (tasks: string[]): Promise<Reply> =>
        await server.call("events.multi_task_scalar_metrics_iter_histogram", { tasks });
      expect((await call([task, "nope"])).message).to.equal(`Invalid task id: ids=(${task}, nope)`);
      expect((await call(Array.from({ length: 101 }, () => task))).subcode).to.equal(12);
    });
  });

  describe("events.scalar_metrics_iter_raw", () => {
    const raw = async (task: string, more: object): Promise<Reply["data"]> =>
      await server.ask("events.scalar_metrics_iter_raw", { task, metric: { metric: "m" }, ...more });

    it("gives the points as they were sent, a page to the end of its last iteration", async () => {
      const task = await taskWith(line(9).map(([n]) => [n, 0.1]));
      await report(task, "m", "w", line(9));
      const first = await raw(task, { batch_size: 5, count_total: true });
      expect([first.returned, first.total]).to.deep.equal([6, 18]);
      expect(first.variants.v).to.deep.equal({ iter: [0, 1, 2], y: [0.1, 0.1, 0.1] });
      let read = first.returned;
      for (let scroll = first.scroll_id, page = first; page.returned > 0; scroll = page.scroll_id) {
        page = await raw(task, { scroll_id: scroll });
        read += page.returned;
        if (page.returned === 0) expect(page.variants).to.deep.equal({});
      }
      expect(read).to.equal(18);
    });

    it("goes by time, too, and names dates in milliseconds", async () => {
      const task = await taskWith([
        [2, 1, { timestamp: 10 }],
        [1, 2, { timestamp: 20 }],
        [0, 3, { timestamp: 20 }],
      ]);
      const first = await raw(task, { key: "iso_time", batch_size: 1 });
      expect(first).to.deep.include({ variants: { v: { y: [1], iso_time: [10] } }, total: null });
      expect((await raw(task, { key: "iso_time", scroll_id: first.scroll_id })).variants.v.iso_time).to.deep.equal([20, 20]);
    });

    it("reads curves of very different lengths in the order of all", async () => {
      const task = await taskWith(line(500));
      for (let n = 0; n < 5; n++) await report(task, "m", `w${n}`, [[n * 90, n]]);
      const iters: number[] = [];
      for (let page = await raw(task, { batch_size: 37 }); page.returned > 0; page = await raw(task, { scroll_id: page.scroll_id })) {
        const found = Object.values<{ iter: number[] }>(page.variants).flatMap((variant) => variant.iter);
        expect(Math.min(...found)).to.be.greaterThan(Math.max(-1, ...iters));
        iters.push(...found);
      }
      expect(iters.length).to.equal(505);
    });

    it("refuses what is no size and no scroll id", async () => {
      const task = await taskWith([[1, 1]]);
      const call = async (more: object): Promise<Reply> =>
        await server.call("events.scalar_metrics_iter_raw", { task, metric: { metric: "m" }, ...more });
      expect((await call({ batch_size: -1 })).message).to.equal("Validation error (batch_size should be non negative number)");
      expect((await call({ scroll_id: "zz" })).subcode).to.equal(1104);
      expect((await raw(task, { batch_size: 0 })).returned).to.equal(1);
    });
  });

  describe("events.get_scalar_metric_data", () => {
    it("gives the newest iterations first, five hundred a page, to an end that is told", async () => {
      const task = await taskWith([...line(700), [undefined, 1]]);
      const ask = async (scroll_id?: string): Promise<Reply["data"]> =>
        await server.ask("events.get_scalar_metric_data", { task, metric: "m", scroll_id });
      const first = await ask();
      expect([first.events[0].iter, first.events[499].iter, first.total]).to.deep.equal([699, 200, 701]);
      const second = await ask(first.scroll_id);
      expect([second.returned, second.events[0].iter, second.events.at(-1).iter]).to.deep.equal([201, 199, undefined]);
      const third = await ask(second.scroll_id);
      expect(third).to.deep.equal({ events: [], returned: 0, total: 701, scroll_id: "FFFF" });
      expect(await ask("FFFF")).to.deep.equal({ events: [], returned: 0, total: 0, scroll_id: null });
    });

    it("has no scroll id when none is wanted", async () => {
      const task = await taskWith([[1, 1]]);
      const reply = await server.ask("events.get_scalar_metric_data", { task, metric: "m", no_scroll: true });
      expect([reply.returned, reply.scroll_id]).to.deep.equal([1, null]);
      expect((await server.call("events.get_scalar_metric_data", { task, metric: "m", scroll_id: "zz" })).subcode).to.equal(100);
    });
  });

  describe("events.get_task_single_value_metrics", () => {
    it("gives the values without a curve, of the tasks that have some", async () => {
      const [one, two] = [await taskWith([[1, 1]]), await taskWith([[1, 1]])];
      await report(one, "Summary", "best", [[-2_147_483_648, 0.1, { timestamp: 7 }]]);
      const ask = async (more: object): Promise<object> =>
        await server.ask("events.get_task_single_value_metrics", { tasks: [two, one, one], ...more });
      const values = [{ metric: "Summary", variant: "best", value: 0.1, timestamp: 7 }];
      expect(await ask({})).to.deep.equal({ tasks: [{ task: one, task_name: "a task", values }] });
      expect(await ask({ metrics: [{ metric: "zz" }] })).to.deep.equal({ tasks: [] });
    });
  });

  describe("events.get_task_latest_scalar_values", () => {
    it("gives the newest value above zero of each curve", async () => {
      const task = await taskWith([
        [1, 0.1],
        [2, -5],
        [3, 0],
      ]);
      await report(task, "n", "v", [[7, -1]]);
      const { last_timestamp: last, ...reply } = await server.ask("events.get_task_latest_scalar_values", { task });
      const value = Math.fround(0.1);
      expect(reply).to.deep.equal({
        metrics: [{ name: "m", variants: [{ name: "v", last_value: value, last_10_value: value }] }],
        ...{ last_iter: 7, name: null, status: "created" },
      });
      expect(last).to.be.closeTo(Date.now(), 60_000);
      expect((await server.ask("events.get_task_latest_scalar_values", { task: await server.task() })).last_iter).to.equal(0);
    });
  });

  describe("events.get_scalar_metrics_and_variants", () => {
    it("names the curves in alphabetical order, single values too", async () => {
      const task = await server.task();
      await report(task, "b", "y", [[1, 1]]);
      await report(task, "b", "x", [[1, 1]]);
      await report(task, "a", "s", [[-2_147_483_648, 1]]);
      const { metrics } = await server.ask("events.get_scalar_metrics_and_variants", { task });
      expect(Object.entries(metrics)).to.deep.equal([
        ["a", ["s"]],
        ["b", ["x", "y"]],
      ]);
    });
  });

  describe("events.get_vector_metrics_and_variants", () => {
    it("names the vectors", async () => {
      const task = await taskWith([[1, 1]]);
      expect((await server.ask("events.get_vector_metrics_and_variants", { task })).metrics).to.deep.equal({});
      await server.lines([{ type: "training_stats_vector", task, metric: "h", variant: "w", iter: 1, values: [1, 2] }]);
      expect((await server.ask("events.get_vector_metrics_and_variants", { task })).metrics).to.deep.equal({ h: ["w"] });
    });
  });

  describe("events.vector_metrics_iter_histogram", () => {
    it("gives the vectors of a variant by iteration", async () => {
      const task = await server.task();
      await server.lines(
        [2, 1].map((iter) => ({ type: "training_stats_vector", task, metric: "h", variant: "w", iter, values: [iter, 0] })),
      );
      const ask = async (variant: string): Promise<object> =>
        await server.ask("events.vector_metrics_iter_histogram", { task, metric: "h", variant });
      expect(await ask("w")).to.deep.equal({
        metric: "h",
        variant: "w",
        vectors: [
          [1, 0],
          [2, 0],
        ],
        iterations: [1, 2],
      });
      expect(await ask("zz")).to.deep.equal({ metric: "h", variant: "zz", vectors: [], iterations: [] });
    });
  });
});
