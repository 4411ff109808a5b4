import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";

describe("events as plots and debug images", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(() => server[Symbol.asyncDispose]());

  const plot = (task: string, metric: string, variant: string, iter?: number, more: object = {}): object => ({
    ...{ type: "plot", task, metric, variant, plot_str: `{"${variant}": ${iter}}` },
    ...(iter === undefined ? {} : { iter }),
    ...more,
  });
  const image = (
    task: string,
    metric: string,
    variant: string,
    iter?: number,
    url = `http://f/${metric}-${variant}-${iter}.png`,
  ): object => ({
    ...{ type: "training_debug_image", task, metric, variant, key: "k", url },
    ...(iter === undefined ? {} : { iter }),
  });
  const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);
  const names = (events: { metric: string; variant: string; iter?: number }[]): string[] =>
    events.map(({ metric, variant, iter }) => `${metric}/${variant}@${iter}`);
  async function taskWith(events: (task: string) => object[]): Promise<string> {
    const task = await server.task();
    await server.lines(events(task));
    return task;
  }

  describe("events.get_task_plots", () => {
    it("gives the newest plots of each curve; one without an iteration is the oldest", async () => {
      const task = await taskWith((id) => [
        ...[1, 2, 3].map((iter) => plot(id, "b", "v", iter)),
        plot(id, "a", "w"),
        plot(id, "a", "w", 1),
        plot(id, "a", "v"),
      ]);
      const ask = async (more: object): Promise<Reply["data"]> => await server.ask("events.get_task_plots", { task, ...more });
      const two = await ask({ iters: 2 });
      expect(names(two.plots)).to.deep.equal(["a/v@undefined", "a/w@1", "a/w@undefined", "b/v@3", "b/v@2"]);
      expect([two.returned, two.total, two.scroll_id]).to.deep.equal([5, 5, null]);
      expect(names((await ask({ metrics: [{ metric: "a", variants: ["w"] }] })).plots)).to.deep.equal(["a/w@1"]);
      expect((await server.call("events.get_task_plots", { task, iters: 0 })).status).to.equal(500);
    });
  });

  describe("events.get_multi_task_plots", () => {
    it("puts the newest iterations of each task and metric side by side", async () => {
      const [one, two] = [
        await taskWith((id) => [plot(id, "p", "v", 1), plot(id, "p", "v", 2), plot(id, "q", "v", 1), plot(id, "q", "v")]),
        await taskWith((id) => [plot(id, "p", "v", 9)]),
      ];
      const ask = async (more: object): Promise<Reply["data"]> =>
        await server.ask("events.get_multi_task_plots", { tasks: [one, two], ...more });
      const { plots, returned, total, scroll_id: scroll } = await ask({});
      expect([returned, total, Object.keys(plots)]).to.deep.equal([2, 3, ["q", "p"]]);
      expect(plots.p.v[one]["2"]).to.include({ name: "a task" });
      expect(names(plots.p.v[two]["9"].plots)).to.deep.equal(["p/v@9"]);
      expect(Object.keys(plots.q.v[one])).to.deep.equal(["1"]);
      expect(await ask({ scroll_id: scroll })).to.deep.include({ plots: {}, scroll_id: "FFFF" });
      expect(Object.keys((await ask({ last_iters_per_task_metric: false })).plots)).to.deep.equal(["p"]);
      expect((await ask({ no_scroll: true })).scroll_id).to.equal(null);
    });

    it("looks for the newest iterations among the asked metrics", async () => {
      const task = await taskWith((id) => [plot(id, "p", "v", 1), plot(id, "p", "w", 2), plot(id, "q", "v", 7)]);
      const ask = async (metrics: object[]): Promise<object> =>
        (await server.ask("events.get_multi_task_plots", { tasks: [task], metrics, last_iters_per_task_metric: false })).plots;
      expect(await ask([{ metric: "p" }]))
        .to.have.all.keys("p")
        .and.nested.include({ [`p.w.${task}.2.name`]: "a task" });
      expect(Object.keys(((await ask([{ metric: "p", variants: ["v"] }])) as { p: object }).p)).to.deep.equal(["v"]);
    });

    it("is empty without plots", async () => {
      const reply = await server.ask("events.get_multi_task_plots", { tasks: [await server.task()] });
      expect(reply).to.deep.equal({ plots: {}, returned: 0, total: 0, scroll_id: null });
    });
  });

  describe("events.plots", () => {
    it("walks through iterations, in each the newest plot of each curve", async () => {
      const task = await taskWith((id) => [
        ...range(1, 3).map((iter) => plot(id, "p", "v", iter)),
        plot(id, "p", "v", 3, { key: "other", timestamp: 4e12 }),
        plot(id, "p", "w"),
      ]);
      const first = await server.ask("events.plots", { metrics: [{ task }], iters: 2 });
      expect(first.metrics[0].iterations.map((one: { iter: number }) => one.iter)).to.deep.equal([3, 2]);
      expect(first.metrics[0].iterations[0].events.map((event: { key: string }) => event.key)).to.deep.equal(["other"]);
      const second = await server.ask("events.plots", { metrics: [{ task }], iters: 2, scroll_id: first.scroll_id });
      expect(names(second.metrics[0].iterations[0].events)).to.deep.equal(["p/v@1"]);
    });
  });

  describe("events.debug_images", () => {
    const iterations = (reply: Reply["data"]): number[] => reply.metrics[0].iterations.map((one: { iter: number }) => one.iter);

    it("goes from the newest iterations to earlier and later ones", async () => {
      const task = await taskWith((id) => range(1, 4).map((iter) => image(id, "m", "v", iter)));
      const ask = async (more: object): Promise<Reply["data"]> =>
        await server.ask("events.debug_images", { metrics: [{ task }], iters: 2, ...more });
      const first = await ask({ navigate_earlier: false });
      const scroll_id = first.scroll_id;
      expect(iterations(first)).to.deep.equal([4, 3]);
      await server.lines([image(task, "m", "new", 5), image(task, "other", "v", 6)]);
      expect(iterations(await ask({ scroll_id, navigate_earlier: false }))).to.deep.equal([5]);
      expect(iterations(await ask({ scroll_id }))).to.deep.equal([4, 3]);
      expect(iterations(await ask({ scroll_id }))).to.deep.equal([2, 1]);
      expect(iterations(await ask({ scroll_id }))).to.deep.equal([]);
      expect(iterations(await ask({ scroll_id, navigate_earlier: false }))).to.deep.equal([4, 3]);
      expect(iterations(await ask({ scroll_id, refresh: true }))).to.deep.equal([6, 5]);
      expect((await ask({ scroll_id: "zz" })).scroll_id).to.match(/^[0-9a-f]{32}$/);
    });

    it("shows the asked metrics and variants, and one image of each", async () => {
      const task = await taskWith((id) => [
        image(id, "m", "w", 1),
        image(id, "m", "v", 1, "http://f/a"),
        { ...image(id, "m", "v", 1, "http://f/b"), key: "l" },
        image(id, "n", "v", 2),
        image(id, "n", "without"),
        { type: "training_debug_image", task: id, metric: "m", variant: "no url", iter: 3 },
      ]);
      const ask = async (metrics: object[]): Promise<Reply["data"]> =>
        (await server.ask("events.debug_images", { metrics, iters: 5 })).metrics;
      const [of] = await ask([{ task, metric: "m" }]);
      expect(of.task).to.equal(task);
      expect(of.iterations.map((one: { events: { url: string }[] }) => one.events.map((event) => event.url))).to.deep.equal([
        ["http://f/b", "http://f/m-w-1.png"],
      ]);
      expect(names((await ask([{ task, metric: "m", variants: ["w"] }]))[0].iterations[0].events)).to.deep.equal(["m/w@1"]);
      expect((await ask([{ task, metric: "m" }, { task }]))[0].iterations.length).to.equal(2);
      expect(await ask([{ task: await server.task() }])).to.deep.include.members([]);
    });

    it("leaves out iterations whose file shows a later one", async () => {
      const task = await taskWith((id) => range(0, 9).map((iter) => image(id, "m", "v", iter, `http://f/${iter % 3}`)));
      expect(iterations(await server.ask("events.debug_images", { metrics: [{ task }], iters: 10 }))).to.deep.equal([9, 8, 7]);
    });

    it("gives all images of the last iterations in its older form", async () => {
      const task = await taskWith((id) => range(1, 3).flatMap((iter) => [image(id, "m", "v", iter), image(id, "m", "w", iter)]));
      const reply = await server.ask("v2.6/events.debug_images", { task, iters: 2 });
      expect(names(reply.images)).to.deep.equal(["m/v@3", "m/w@3", "m/v@2", "m/w@2"]);
      expect([reply.task, reply.returned, reply.total]).to.deep.equal([task, 4, 4]);
    });

    it("refuses an unknown task and no iterations", async () => {
      expect((await server.call("events.debug_images", { metrics: [{ task: "nope" }] })).subcode).to.equal(101);
      expect((await server.call("events.debug_images", { metrics: [{ task: await server.task() }], iters: 0 })).subcode).to.equal(12);
    });
  });

  /** The walk of clearml-tasks-events.md 12.2: A has x and y at 1 to 5, x also at 9; B has x and y at 3. */
  const walked = async (): Promise<string> =>
    await taskWith((id) => [
      ...range(1, 5).flatMap((iter) => [image(id, "A", "x", iter), image(id, "A", "y", iter)]),
      image(id, "A", "x", 9),
      image(id, "B", "x", 3),
      image(id, "B", "y", 3),
    ]);
  const nameOf = (reply: Reply["data"]): string | null => (reply.event === null ? null : (names([reply.event])[0] ?? null));

  describe("events.get_debug_image_sample", () => {
    const ask = async (task: string, more: object): Promise<Reply["data"]> =>
      await server.ask("events.get_debug_image_sample", { task, metric: "A", variant: "x", ...more });

    it("gives the newest image of a variant up to an iteration", async () => {
      const task = await walked();
      const reply = await ask(task, {});
      expect([nameOf(reply), reply.min_iteration, reply.max_iteration]).to.deep.equal(["A/x@9", 1, 9]);
      expect(nameOf(await ask(task, { iteration: 8 }))).to.equal("A/x@5");
      expect(await ask(task, { iteration: 0 })).to.include({ event: null, min_iteration: 1, max_iteration: 9 });
      expect(await ask(task, { variant: "zz" })).to.include({ event: null, min_iteration: null, max_iteration: null });
    });

    it("holds a scroll id to its task and metric", async () => {
      const task = await walked();
      const { scroll_id } = await ask(task, {});
      expect((await ask(task, { variant: "y", scroll_id })).scroll_id).to.equal(scroll_id);
      const reply = await server.call("events.get_debug_image_sample", { task, metric: "B", variant: "x", scroll_id });
      expect([reply.subcode, reply.message]).to.deep.equal([
        1104,
        `Invalid scroll id (Task and metric stored in the state do not match the passed ones): scroll_id=${scroll_id}`,
      ]);
      expect((await ask(task, { scroll_id: "zz" })).scroll_id).to.not.equal("zz");
    });
  });

  describe("events.next_debug_image_sample", () => {
    async function walk(task: string, first: object, steps: object[]): Promise<(string | null)[]> {
      const { scroll_id } = await server.ask("events.get_debug_image_sample", { task, metric: "A", variant: "x", ...first });
      const found: (string | null)[] = [];
      for (const step of steps) found.push(nameOf(await server.ask("events.next_debug_image_sample", { task, scroll_id, ...step })));
      return found;
    }

    it("walks through the variants of a metric, iteration by iteration", async () => {
      const task = await walked();
      const steps = [{}, {}, {}, { next_iteration: true }];
      expect(await walk(task, {}, steps)).to.deep.equal(["A/y@5", "A/x@5", "A/y@4", "A/y@3"]);
    });

    it("walks through all metrics, and turns round at the end", async () => {
      const task = await walked();
      const later = { navigate_earlier: false };
      const steps = [later, later, later];
      expect(await walk(task, { variant: "y", iteration: 3, navigate_current_metric: false }, steps)).to.deep.equal([
        "B/x@3",
        "B/y@3",
        "A/x@4",
      ]);
      expect(await walk(task, {}, [later, later, {}])).to.deep.equal([null, null, "A/y@5"]);
    });

    it("wants a state, and of this task", async () => {
      const task = await walked();
      const call = async (scroll_id?: string): Promise<Reply> => await server.call("events.next_debug_image_sample", { task, scroll_id });
      expect((await call()).message).to.equal("Invalid scroll id: scroll_id=None");
      expect((await call("zz")).subcode).to.equal(1104);
      const { scroll_id } = await server.ask("events.get_debug_image_sample", { task: await walked(), metric: "A", variant: "x" });
      expect((await call(scroll_id)).subcode).to.equal(1104);
    });

    it("does not reach images whose file shows a later one", async () => {
      const task = await taskWith((id) => range(0, 9).map((iter) => image(id, "A", "x", iter, `http://f/${iter % 3}`)));
      expect(await walk(task, {}, [{}, {}, {}])).to.deep.equal(["A/x@8", "A/x@7", null]);
    });
  });

  const plotted = async (): Promise<string> =>
    await taskWith((id) => [
      ...range(1, 3).flatMap((iter) => [plot(id, "PA", "w", iter), plot(id, "PA", "v", iter)]),
      ...range(1, 2).map((iter) => plot(id, "PB", "v", iter)),
    ]);
  const first = (reply: Reply["data"]): string | null => names(reply.events)[0] ?? null;

  describe("events.get_plot_sample", () => {
    it("gives all variants of a metric at the newest iteration up to one", async () => {
      const task = await plotted();
      const ask = async (more: object): Promise<Reply["data"]> =>
        await server.ask("events.get_plot_sample", { task, metric: "PA", ...more });
      const reply = await ask({});
      expect([names(reply.events), reply.min_iteration, reply.max_iteration]).to.deep.equal([["PA/v@3", "PA/w@3"], 1, 3]);
      expect(first(await ask({ iteration: 2 }))).to.equal("PA/v@2");
      expect(await ask({ iteration: 0 })).to.deep.include({ events: [], min_iteration: 1, max_iteration: 3 });
      expect(await ask({ metric: "zz" })).to.deep.include({ events: [], min_iteration: null, max_iteration: null });
    });

    it("gives a hundred variants at most, first as next", async () => {
      const task = await server.task();
      const plot = { type: "plot", task, metric: "m", plot_str: "{}" };
      await server.lines([1, 2].flatMap((iter) => Array.from({ length: 101 }, (_, n) => ({ ...plot, variant: `v${n}`, iter }))));
      const newest = await server.ask("events.get_plot_sample", { task, metric: "m" });
      expect(newest.events.length).to.equal(100);
      expect((await server.ask("events.next_plot_sample", { task, scroll_id: newest.scroll_id })).events.length).to.equal(100);
    });
  });

  describe("events.next_plot_sample", () => {
    async function walk(task: string, start: object, steps: object[]): Promise<(string | null)[]> {
      const { scroll_id } = await server.ask("events.get_plot_sample", { task, metric: "PA", iteration: 2, ...start });
      const found: (string | null)[] = [];
      for (const step of steps) found.push(first(await server.ask("events.next_plot_sample", { task, scroll_id, ...step })));
      return found;
    }
    const all = { navigate_current_metric: false };
    const later = { navigate_earlier: false };

    it("walks through the metrics, and from one iteration to the next", async () => {
      const task = await plotted();
      expect(await walk(task, all, [later, later])).to.deep.equal(["PB/v@2", "PA/v@3"]);
      expect(await walk(task, all, [later, {}, {}, {}])).to.deep.equal(["PB/v@2", "PA/v@2", "PB/v@1", "PA/v@1"]);
    });

    it("stays with its metric when asked to, up to the end", async () => {
      const task = await plotted();
      expect(await walk(task, {}, [later, later, {}, {}])).to.deep.equal(["PA/v@3", null, "PA/v@2", "PA/v@1"]);
      const { scroll_id } = await server.ask("events.get_plot_sample", { task, metric: "PA" });
      expect(await server.ask("events.next_plot_sample", { task, scroll_id, ...later })).to.deep.include({
        events: [],
        min_iteration: null,
      });
      expect((await server.call("events.next_plot_sample", { task, scroll_id: "zz" })).subcode).to.equal(1104);
    });
  });
});
