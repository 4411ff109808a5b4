import { expect } from "chai";
import { Database } from "../../server/store/database.ts";
import { databaseOf, EmbeddedServer, type Reply } from "../support/embedded-server.ts";

describe("events that are deleted", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start({ cleanEventsEverySec: 0.05 });
  });

  after(() => server[Symbol.asyncDispose]());

  const events = (task: string): object[] => [
    { type: "log", task, msg: "x" },
    { type: "training_stats_scalar", task, metric: "m", variant: "v", iter: 1, value: 3 },
    { type: "plot", task, metric: "m", variant: "v", iter: 1, plot_str: "{}" },
  ];
  const total = async (task: string, more: object = {}): Promise<number> =>
    (await server.ask("events.get_task_events", { task, ...more })).total;
  const summary = ({ status, subcode, message }: Reply): unknown[] => [status, subcode, message];

  describe("events.delete_for_task", () => {
    it("deletes the events of all types, and leaves the task as it is", async () => {
      const task = await server.task();
      await server.lines(events(task));
      expect(await server.ask("events.delete_for_task", { task })).to.deep.equal({ deleted: 3 });
      expect(await total(task)).to.equal(0);
      expect(await server.ask("events.delete_for_task", { task })).to.deep.equal({ deleted: 0 });
      const { last_metrics: metrics, last_iteration: last } = (await server.ask("tasks.get_by_id", { task })).task;
      expect([Object.keys(metrics).length, last]).to.deep.equal([1, 1]);
      await server.lines(events(task));
      expect(await total(task)).to.equal(3);
    });

    it("refuses published, public and unknown tasks", async () => {
      const [published, open] = [await server.task(), await server.task()];
      await server.lines(events(published));
      await server.ask("tasks.publish", { task: published, force: true });
      await server.ask("tasks.make_public", { ids: [open] });
      const call = async (body: object): Promise<unknown[]> => summary(await server.call("events.delete_for_task", body));
      const [status, subcode, message] = await call({ task: published });
      expect([status, subcode]).to.deep.equal([400, 101]);
      expect(message)
        .to.match(/^Cannot update events for a published task: company=/)
        .and.to.contain(`id=${published}`);
      expect(await total(published)).to.equal(3);
      expect(await call({ task: published, allow_locked: true })).to.deep.equal([200, 0, "OK"]);
      expect(await total(published)).to.equal(0);
      expect((await call({ task: open })).slice(0, 2)).to.deep.equal([403, 21]);
      expect((await call({ task: "nope" }))[2]).to.match(/^Invalid task id: id=nope, company=/);
    });

    it("leaves nothing behind in the file", async () => {
      const task = await server.task();
      await server.lines(events(task));
      const db = new Database(databaseOf(server), { readonly: true });
      const seq = db.get<{ seq: number }>("SELECT seq FROM event_owners WHERE id = ?", task)?.seq ?? 0;
      const rows = (): number =>
        db.get<{ n: number }>(
          "SELECT (SELECT count(*) FROM log_events WHERE task = @seq) + (SELECT count(*) FROM series WHERE task = @seq) + (SELECT count(*) FROM other_events WHERE task = @seq) AS n",
          { seq },
        )?.n ?? 0;
      expect(rows()).to.equal(3);
      await server.ask("tasks.delete", { task, force: true });
      while (rows() > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      db.close();
    });
  });

  describe("events.delete_for_model", () => {
    it("deletes the events of a model, of a ready one when asked to", async () => {
      const { id: model } = await server.ask("models.create", { name: "a model", uri: "file:///m", ready: false });
      const more = { model_events: true };
      await server.lines(
        events(model)
          .slice(1)
          .map((event) => ({ ...event, model_event: true })),
      );
      expect(await total(model, more)).to.equal(2);
      expect(await server.ask("events.delete_for_model", { model })).to.deep.equal({ deleted: 2 });
      expect(await total(model, more)).to.equal(0);
      await server.ask("models.set_ready", { model });
      const refused = await server.call("events.delete_for_model", { model });
      expect([refused.status, refused.subcode]).to.deep.equal([400, 201]);
      expect(refused.message).to.match(/^Cannot update events for a published model: company=/);
      expect(await server.ask("events.delete_for_model", { model, allow_locked: true })).to.deep.equal({ deleted: 0 });
      expect((await server.call("events.delete_for_model", { model: "nope" })).message).to.equal("Invalid model id: ids=(nope)");
    });
  });

  describe("events.clear_task_log", () => {
    const lines = async (task: string): Promise<string[]> =>
      (await server.ask("events.get_task_log", { task, order: "asc" })).events.map((event: { msg: string }) => event.msg);

    it("deletes the console, or what is older than a threshold, however long", async () => {
      const task = await server.task();
      const old = Array.from({ length: 5000 }, (_, n) => ({ type: "log", task, msg: "old", timestamp: 1000 + n }));
      await server.lines([...old, { type: "log", task, msg: "new" }, ...events(task).slice(1)]);
      expect(await server.ask("events.clear_task_log", { task, threshold_sec: 3600 })).to.deep.equal({ deleted: 5000 });
      expect(await lines(task)).to.deep.equal(["new"]);
      expect(await server.ask("events.clear_task_log", { task, threshold_sec: 0 })).to.deep.equal({ deleted: 1 });
      expect(await total(task)).to.equal(2);
    });

    it("takes the lines of some metrics, or leaves them", async () => {
      const task = await server.task();
      await server.lines(["a", "b", "", "c"].map((metric, n) => ({ type: "log", task, metric, msg: `of ${metric}`, timestamp: n + 1 })));
      expect(await server.ask("events.clear_task_log", { task, include_metrics: ["a"] })).to.deep.equal({ deleted: 1 });
      expect(await server.ask("events.clear_task_log", { task, exclude_metrics: ["b", ""] })).to.deep.equal({ deleted: 1 });
      expect(await lines(task)).to.deep.equal(["of b", "of "]);
    });

    it("refuses a published task", async () => {
      const task = await server.task();
      await server.lines(events(task));
      await server.ask("tasks.publish", { task, force: true });
      expect((await server.call("events.clear_task_log", { task })).subcode).to.equal(101);
      expect(await lines(task)).to.deep.equal(["x"]);
      expect(await server.ask("events.clear_task_log", { task, allow_locked: true })).to.deep.equal({ deleted: 1 });
    });
  });

  describe("a server that keeps events for a time", () => {
    it("deletes what is older, and not the task", async () => {
      await using short = await EmbeddedServer.start({ keepEventsSec: 0.2, cleanEventsEverySec: 0.05 });
      const task = await short.task();
      await short.lines(events(task));
      while ((await short.ask("events.get_task_events", { task })).total > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(Object.keys((await short.ask("tasks.get_by_id", { task })).task.last_metrics).length).to.equal(1);
    });
  });
});
