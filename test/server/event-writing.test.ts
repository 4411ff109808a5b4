import { createHash } from "node:crypto";
import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
const summary = (reply: Reply): unknown[] => [reply.status, reply.subcode, reply.message];

describe("events that are written", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(() => server[Symbol.asyncDispose]());

  const scalar = (task: string, iter: number | undefined, value: unknown, more: object = {}): object => ({
    ...{ type: "training_stats_scalar", task, metric: "m", variant: "v", value },
    ...(iter === undefined ? {} : { iter }),
    ...more,
  });
  const points = async (task: string): Promise<Record<string, unknown>[]> =>
    (await server.ask("events.get_task_events", { task, event_type: "training_stats_scalar" })).events;
  const documentOf = async (task: string, ...fields: string[]): Promise<Reply["data"]> =>
    (await server.ask("tasks.get_all_ex", { id: [task], only_fields: fields })).tasks[0];
  const last = async (task: string, metric = "m", variant = "v"): Promise<Reply["data"]> =>
    (await documentOf(task, "last_metrics")).last_metrics[md5(metric)]?.[md5(variant)];
  const model = async (fields: object = {}): Promise<string> =>
    (await server.ask("models.create", { name: "a model", uri: "file:///m", ready: false, ...fields })).id as string;

  describe("events.add", () => {
    it("stores one event as it was sent, with what the server knows", async () => {
      const task = await server.task();
      const sent = { type: "log", task, msg: "hello", level: "info", timestamp: 1_700_000_000_000, extra: { a: [1] }, worker: "w:0" };
      expect(await server.ask("events.add", sent)).to.deep.equal({ added: 1, errors: 0, errors_info: {} });
      const [{ "@timestamp": written, ...event }] = (await server.ask("events.get_task_log", { task })).events;
      expect(event).to.deep.equal({ ...sent, metric: "", variant: "", model_event: false });
      expect(written).to.match(/^\d{4}-.*T.*\.\d{3}Z$/);
    });

    it("refuses an event of nobody with its reason", async () => {
      const reply = await server.call("events.add", { type: "log", task: "nope", msg: "x" });
      expect(summary(reply)).to.deep.equal([400, 131, "Events not added: Invalid task id nope=1"]);
    });
  });

  describe("events.add_batch", () => {
    it("counts what it refuses by its reason", async () => {
      const task = await server.task();
      const log = { type: "log", task, msg: "x" };
      const bad = [{ ...log, task: "nope" }, { ...log, task: "nope" }, { task }, { type: "zz y", task }, { type: "log" }];
      expect(await server.lines([log, ...bad])).to.deep.include({
        data: {
          added: 1,
          errors: 5,
          errors_info: {
            "Invalid task id nope": 2,
            "Event must have a 'type' field": 1,
            "Invalid event type zz_y": 1,
            "Event must have a 'task' field": 1,
          },
        },
      });
      expect((await server.ask("events.get_task_log", { task })).total).to.equal(1);
    });

    it("refuses an empty batch, and one that contradicts itself", async () => {
      const task = await server.task();
      const log = { type: "log", task, msg: "x" };
      expect((await server.lines([])).subcode).to.equal(17);
      expect(summary(await server.lines([log, { ...log, allow_locked: true }]))).to.deep.equal([
        400,
        12,
        `Validation error (Inconsistent allow_locked setting in the passed events for ${task})`,
      ]);
      expect(summary(await server.lines([scalar(task, 1, 1), scalar(task, 1, 1, { model_event: true })]))).to.deep.equal([
        400,
        12,
        `Validation error (Inconsistent model_event setting in the passed events): tasks=(${task})`,
      ]);
      expect((await server.ask("events.get_task_log", { task })).total).to.equal(0);
    });

    it("takes events of more than five hundred tasks", async () => {
      const ids: string[] = [];
      for (let n = 0; n < 510; n++) ids.push(await server.task());
      expect((await server.lines(ids.map((task) => ({ type: "log", task, msg: "x" })))).data).to.include({ added: 510, errors: 0 });
      expect((await server.ask("events.get_task_log", { task: ids.at(-1) })).total).to.equal(1);
    }).timeout(60_000);

    it("replaces what has the same identity, except lines of the console", async () => {
      const task = await server.task();
      await server.lines([scalar(task, 1, 1, { old: true }), { type: "log", task, msg: "x", timestamp: 1 }]);
      await server.lines([scalar(task, 1, 2), { type: "log", task, msg: "x", timestamp: 1 }]);
      expect((await points(task)).map(({ value, old }) => [value, old])).to.deep.equal([[2, undefined]]);
      expect((await server.ask("events.get_task_log", { task })).total).to.equal(2);
      expect((await last(task)).count).to.equal(2);
    });

    it("keeps a plot and a scalar of one identity apart, and images by their key", async () => {
      const task = await server.task();
      const image = { type: "training_debug_image", task, metric: "m", variant: "v", iter: 1, url: "u" };
      await server.lines([
        scalar(task, 1, 1),
        { type: "plot", task, metric: "m", variant: "v", iter: 1, plot_str: "{}" },
        { ...image, key: "a" },
        { ...image, key: "b" },
      ]);
      expect((await server.ask("events.get_task_events", { task })).total).to.equal(4);
    });

    it("reads iterations as Python's int does, and keeps nulls and odd timestamps as they came", async () => {
      const task = await server.task();
      await server.lines([
        scalar(task, undefined, 1, { iter: "7", variant: "a", timestamp: "1700000000000" }),
        scalar(task, 7.9, 2, { variant: "b", timestamp: 1_700_000_000_000.5 }),
        scalar(task, undefined, 3, { iter: null, variant: "c", timestamp: null }),
        scalar(task, undefined, 4, { variant: "d", ts: 5 }),
        scalar(task, 1, null, { variant: "e" }),
        scalar(task, undefined, 5, { iter: true, variant: "f" }),
      ]);
      const found = new Map((await points(task)).map((event) => [event["variant"], event]));
      expect(found.get("a")).to.include({ iter: 7, timestamp: "1700000000000" });
      expect(found.get("b")).to.include({ iter: 7, timestamp: 1_700_000_000_000.5 });
      expect(found.get("c")).to.include({ iter: null, timestamp: null });
      expect(found.get("d")).to.include({ timestamp: 5 }).and.not.have.property("iter");
      expect(found.get("e")).to.include({ value: null });
      expect(found.get("f")).to.include({ iter: 1 });
      expect(await last(task, "m", "e")).to.equal(undefined);
    });

    it("stores nothing of a batch with something that cannot be stored", async () => {
      const task = await server.task();
      const broken: [object, number][] = [
        [{ iter: "abc" }, 0],
        [{ iter: 1e19 }, 100],
        [{ value: "1" }, 0],
        [{ value: true }, 100],
        [{ timestamp: "soon" }, 100],
        [{ timestamp: "2026-01-01T00:00:00Z" }, 0],
        [{ metric: 5 }, 0],
      ];
      for (const [fields, subcode] of broken) {
        const reply = await server.lines([scalar(task, 1, 1), scalar(task, 2, 1, fields)]);
        expect([reply.status, reply.subcode], JSON.stringify(fields)).to.deep.equal([500, subcode]);
      }
      expect(await points(task)).to.deep.equal([]);
      expect((await documentOf(task, "last_metrics")).last_metrics).to.deep.equal({});
    });

    it("refuses numbers that are none, which Python writes", async () => {
      const task = await server.task();
      for (const value of ["NaN", "Infinity", "-Infinity"]) {
        const bare = JSON.stringify(scalar(task, 1, "bare")).replace('"bare"', value);
        const reply = await server.call("events.add", bare);
        expect([reply.status, reply.subcode], value).to.deep.equal([500, 100]);
      }
      expect(await points(task)).to.deep.equal([]);
    });

    it("sums a batch up in last_metrics as the official server does", async () => {
      const task = await server.task();
      const batch = [
        [5, 10],
        [3, 2],
        [5, 7, 1],
        [4, 30],
      ].map(([iter, value, timestamp = 2]) => scalar(task, iter, value, { timestamp }));
      await server.lines(batch);
      expect(await last(task)).to.deep.equal({
        ...{ metric: "m", variant: "v", value: 10, min_value: 2, min_value_iteration: 3, max_value: 30, max_value_iteration: 4 },
        ...{ first_value: 2, first_value_iteration: 3, count: 4, mean_value: 12.25 },
      });
      await server.lines([scalar(task, 1, 1, { x_axis_label: "epoch" })]);
      expect(await last(task)).to.include({ value: 1, min_value: 1, min_value_iteration: 1, first_value_iteration: 3, mean_value: 10 });
      expect(await last(task)).to.include({ count: 5, x_axis_label: "epoch" });
      expect((await points(task))[0]).to.not.have.property("x_axis_label");
    });

    it("keeps the earlier iteration of equal extremes, and rounds halves to even", async () => {
      const task = await server.task();
      await server.lines([scalar(task, 1, 0.125), scalar(task, 2, 0.125)]);
      await server.lines([scalar(task, 3, 0.125)]);
      expect(await last(task)).to.include({ min_value_iteration: 1, max_value_iteration: 1, value: 0.125, mean_value: 0.12 });
    });

    it("names its curves in unique_metrics in the order of arrival", async () => {
      const task = await server.task();
      await server.lines([scalar(task, 1, 1, { metric: "z" }), scalar(task, 1, 1, { metric: "a" })]);
      await server.lines([scalar(task, 1, 1, { metric: "m" }), scalar(task, 1, 1, { metric: "z" })]);
      expect((await documentOf(task, "unique_metrics")).unique_metrics).to.deep.equal(["z/v", "a/v", "m/v"]);
      expect((await server.ask("tasks.get_by_id", { task })).task.unique_metrics ?? []).to.deep.equal([]);
    });

    it("holds two thousand curves in the summary; further ones only have their events", async () => {
      const task = await server.task();
      await server.lines(Array.from({ length: 2001 }, (_, n) => scalar(task, 1, 1, { variant: `v${n}` })));
      const { last_metrics: metrics, unique_metrics: unique } = await documentOf(task, "last_metrics", "unique_metrics");
      expect([Object.keys(metrics[md5("m")]).length, unique.length]).to.deep.equal([2000, 2000]);
      expect((await server.ask("events.get_scalar_metrics_and_variants", { task })).metrics.m.length).to.equal(2001);
    });

    it("says in metric_stats what the last batch held, and nothing else", async () => {
      const task = await server.task();
      await server.lines([scalar(task, 1, 1, { timestamp: 5 }), scalar(task, 2, 1, { timestamp: 9 })]);
      const stats = { [md5("m")]: { metric: "m", event_stats_by_type: { training_stats_scalar: { last_update: 9 } } } };
      expect((await documentOf(task, "metric_stats")).metric_stats).to.deep.equal(stats);
      await server.lines([{ type: "log", task, msg: "x", timestamp: 7 }]);
      const logs = { [md5("")]: { metric: "", event_stats_by_type: { log: { last_update: 7 } } } };
      expect((await documentOf(task, "metric_stats")).metric_stats).to.deep.equal(logs);
    });

    it("tells by each batch how long a run goes on, and nothing of what does not run", async () => {
      const task = await server.task();
      await server.lines([scalar(task, 1, 1)]);
      expect(await documentOf(task, "active_duration")).to.not.have.property("active_duration");
      await server.ask("tasks.started", { task });
      await server.lines([scalar(task, 2, 1)]);
      expect((await documentOf(task, "active_duration")).active_duration)
        .to.be.a("number")
        .within(0, 60);
    });

    it("raises last_iteration by all events, those of the monitors left out", async () => {
      const task = await server.task();
      const iteration = async (): Promise<number> => (await documentOf(task, "last_iteration")).last_iteration;
      await server.lines([scalar(task, 900, 1, { metric: ":monitor:machine" }), scalar(task, -2_147_483_648, 1, { metric: "Summary" })]);
      expect(await iteration()).to.equal(0);
      await server.lines([{ type: "log", task, msg: "x", iter: 12 }, scalar(task, 3, 1)]);
      await server.lines([scalar(task, 5, 1)]);
      expect(await iteration()).to.equal(12);
      expect((await last(task, ":monitor:machine")).value).to.equal(1);
      expect((await last(task, "Summary")).value_iteration ?? (await last(task, "Summary")).min_value_iteration).to.equal(-2_147_483_648);
    });

    it("says how long a running task has been running, of one that does not run nothing", async () => {
      const [running, draft] = [await server.task(), await server.task()];
      await server.ask("tasks.started", { task: running });
      await server.lines([scalar(running, 1, 1), scalar(draft, 1, 1)]);
      expect((await documentOf(running, "active_duration")).active_duration)
        .to.be.a("number")
        .within(0, 60);
      expect(await documentOf(draft, "active_duration")).to.not.have.property("active_duration");
    });

    it("takes events of a published task only when they say so", async () => {
      const task = await server.task();
      await server.ask("tasks.publish", { task, force: true });
      expect((await server.lines([scalar(task, 1, 1)])).message).to.equal(`Events not added: Invalid task id ${task}=1`);
      expect((await server.lines([scalar(task, 1, 1, { allow_locked: true })])).data.added).to.equal(1);
      expect((await points(task))[0])
        .to.include({ iter: 1 })
        .and.not.have.property("allow_locked");
      expect((await last(task)).value).to.equal(1);
    });

    it("does not write to what is public", async () => {
      const task = await server.task();
      await server.ask("tasks.make_public", { ids: [task] });
      expect((await server.lines([scalar(task, 1, 1)])).message).to.contain(`Invalid task id ${task}`);
      expect(await points(task)).to.deep.equal([]);
    });

    it("looks into plots: their length and the sources of their images", async () => {
      const task = await server.task();
      const plot = `{"layout": {"images": [{"source": "https://a/b.png"}, {"source":"data:image/png;base64,x"}, {'SOURCE' : "s3://c/d"}]}}`;
      await server.lines([{ type: "plot", task, metric: "p", variant: "v", iter: 1, plot_str: plot }]);
      await server.lines([{ type: "plot", task, metric: "q", variant: "v", iter: 1, plot_str: "" }]);
      const { plots } = await server.ask("events.get_task_plots", { task });
      expect(plots[0]).to.include({ plot_len: plot.length, plot_str: plot });
      expect(plots[0].source_urls).to.have.members(["https://a/b.png", "s3://c/d"]);
      expect(plots[1]).to.include({ plot_len: 0 }).and.not.have.property("source_urls");
    });

    it("keeps the books of models, too", async () => {
      const id = await model();
      const event = { ...scalar(id, 4, 2), model_event: true };
      const { task: _, ...byModel } = event as Record<string, unknown>;
      expect(
        (
          await server.lines([
            { ...byModel, model: id },
            { ...event, type: "log", msg: "x" },
          ])
        ).data,
      ).to.deep.equal({
        ...{ added: 1, errors: 1 },
        errors_info: { "Task log events are not supported for models": 1 },
      });
      const { events } = await server.ask("events.get_task_events", { task: id, model_events: true });
      expect(events[0]).to.include({ task: id, model_event: true, value: 2 }).and.not.have.property("model");
      const { models } = await server.ask("models.get_all", {
        id: [id],
        only_fields: ["last_iteration", "last_metrics", "unique_metrics"],
      });
      expect(models[0].last_metrics[md5("m")][md5("v")].value).to.equal(2);
      expect([models[0].last_iteration, models[0].unique_metrics]).to.deep.equal([4, ["m/v"]]);
    });

    it("refuses a ready model, and one that there is not", async () => {
      const ready = await model({ ready: true });
      const event = (id: string): object => ({ ...scalar(id, 1, 1), model_event: true });
      expect((await server.lines([event(ready), event("nope")])).message).to.equal(
        `Events not added: Invalid model id ${ready}=1, Invalid model id nope=1`,
      );
      expect((await server.lines([{ ...event(ready), allow_locked: true }])).data.added).to.equal(1);
      expect(summary(await server.call("events.get_task_events", { task: "nope", model_events: true })).slice(0, 2)).to.deep.equal([
        400, 201,
      ]);
      expect((await server.call("events.get_task_events", { task: ready })).subcode).to.equal(101);
    });

    it("stores a large batch in slices, with one summary of all of it", async () => {
      const [task, other] = [await server.task(), await server.task()];
      const pad = "x".repeat(400);
      const lines = Array.from({ length: 6000 }, (_, n) => scalar(task, 6000 - n, n, { pad }));
      const reply = await server.lines([...lines, { type: "log", task: other, msg: "one" }, { type: "log", task: "nope" }]);
      expect(reply.data).to.deep.equal({ added: 6001, errors: 1, errors_info: { "Invalid task id nope": 1 } });
      expect(await last(task)).to.include({ value: 0, first_value_iteration: 1, max_value: 5999, count: 6000, mean_value: 2999.5 });
      expect((await documentOf(task, "last_iteration")).last_iteration).to.equal(6000);
      expect((await server.ask("events.get_task_events", { task, batch_size: 1 })).total).to.equal(6000);
      expect((await server.ask("events.get_task_log", { task: other })).events[0].msg).to.equal("one");
    });

    it("stores nothing of a large batch whose last event cannot be stored", async () => {
      const task = await server.task();
      const lines = Array.from({ length: 6000 }, (_, n) => scalar(task, n, n, { pad: "x".repeat(400) }));
      expect((await server.lines([...lines, scalar(task, 1, "many")])).status).to.equal(500);
      expect(await points(task)).to.deep.equal([]);
    });
  });
});
