import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";
import { STATUS_FIELDS } from "../support/status-fields.ts";

describe("tasks reset, deleted and archived", () => {
  let server: EmbeddedServer;
  let queue: string;

  before(async () => {
    server = await EmbeddedServer.start();
    queue = (await server.ask("queues.create", { name: "a queue" })).id as string;
  });

  after(async () => await server[Symbol.asyncDispose]());

  const read = async (task: string): Promise<Reply["data"]> => (await server.ask("tasks.get_by_id", { task })).task;
  const isThere = async (task: string): Promise<boolean> => (await server.call("tasks.get_by_id", { task })).status === 200;
  const refused = async (endpoint: string, body: object): Promise<string> => {
    const { status, subcode, message } = await server.call(endpoint, body);
    return `${status}/${subcode} ${message}`;
  };
  const inStatus = async (status: string, more: object = {}): Promise<string> => {
    const task = await server.task(more);
    await server.ask("tasks.edit", { task, status, force: true });
    return task;
  };
  const enqueued = async (): Promise<string> => {
    const task = await server.task();
    await server.ask("tasks.enqueue", { task, queue });
    return task;
  };
  const waiting = async (): Promise<string[]> =>
    (await server.ask("queues.get_by_id", { queue })).queue.entries.map((entry: { task: string }) => entry.task);
  const modelOf = async (task: string, ready = false, uri = "file:///m"): Promise<string> => {
    const { id: model } = await server.ask("models.create", { name: "a model", uri, ready: false });
    await server.ask("models.edit", { model, task });
    if (ready) await server.ask("models.set_ready", { model, publish_task: false });
    return model as string;
  };
  const taskOf = async (model: string): Promise<unknown> =>
    (await server.ask("models.get_all", { id: [model], only_fields: ["id", "task"] })).models[0]?.task;
  const logs = async (task: string): Promise<number> => (await server.ask("events.get_task_log", { task })).total;
  const artifacts = [
    { key: "in", type: "t", mode: "input", uri: "s3://in" },
    { key: "out", type: "t", uri: "s3://out" },
  ];

  /** A task that ran, with all that a run leaves. */
  const ran = async (): Promise<string> => {
    const task = await server.task({
      script: { repository: "r" },
      hyperparams: { Args: { a: { section: "Args", name: "a", value: "1" } } },
      execution: { framework: "f", artifacts },
      output_dest: "s3://bucket",
      models: { output: [{ name: "m", model: "x" }] },
    });
    await server.ask("tasks.started", { task });
    await server.ask("tasks.edit_runtime", { task, add_or_update: { a: 1 } });
    await server.lines([
      { type: "log", task, msg: "line" },
      { type: "training_stats_scalar", task, metric: "m", variant: "v", iter: 5, value: 1 },
    ]);
    await server.ask("tasks.update", { task, output__error: "broken" });
    await server.ask("tasks.failed", { task });
    return task;
  };

  describe("tasks.reset", () => {
    it("makes a draft again of a task that ran, and keeps what to run", async () => {
      const task = await ran();
      expect(await logs(task)).to.equal(1);
      const { fields, ...reply } = await server.ask("tasks.reset", { task, status_reason: "ignored" });
      expect(reply).to.deep.equal({ updated: 1, deleted_models: 0, dequeued: {}, events: {}, urls: {} });
      expect(fields).to.have.all.keys(STATUS_FIELDS);
      const after = await read(task);
      expect(after).to.deep.include({ status: "created", status_reason: "reset", status_message: "reset", last_iteration: 0, runtime: {} });
      expect(after).to.deep.include({ last_metrics: {}, metric_stats: {}, output: { destination: "s3://bucket" } });
      expect(after).to.not.have.any.keys("started", "completed", "published", "active_duration", "last_worker");
      expect(after.models.output).to.deep.equal([]);
      expect(after.execution.artifacts.map((item: { key: string }) => item.key)).to.deep.equal(["in"]);
      expect([after.execution.framework, after.script.repository, after.hyperparams.Args.a.value]).to.deep.equal(["f", "r", "1"]);
      expect(await logs(task)).to.equal(0);
    });

    it("forgets what to run as well when told to", async () => {
      const task = await ran();
      await server.ask("tasks.reset", { task, clear_all: true });
      const after = await read(task);
      expect(after.execution).to.deep.equal({ test_split: 0, parameters: {}, model_desc: {}, model_labels: {}, artifacts: [] });
      expect(after.script).to.deep.equal({ binary: "python", repository: "", entry_point: "", requirements: {} });
      expect(after.hyperparams.Args.a.value).to.equal("1");
    });

    it("takes a waiting task off its queue, and leaves children theirs", async () => {
      const task = await enqueued();
      const child = await server.task({ parent: task });
      expect((await server.ask("tasks.reset", { task })).dequeued).to.deep.equal({ removed: 1 });
      expect(await waiting()).to.not.include(task);
      expect((await read(task)).execution).to.not.have.property("queue");
      expect((await read(child)).parent).to.equal(task);
    });

    it("deletes draft models, but not those that some task has as its input, and tells their addresses", async () => {
      const task = await ran();
      const [gone, used] = [await modelOf(task, false, "file:///gone"), await modelOf(task, false, "file:///used")];
      await server.task({ models: { input: [{ name: "m", model: used }] } });
      const reply = await server.ask("tasks.reset", { task, return_file_urls: true });
      expect(reply.deleted_models).to.equal(1);
      expect(reply.urls).to.deep.equal({ model_urls: ["file:///gone"], artifact_urls: ["s3://out"], event_urls: [] });
      expect((await server.call("models.get_by_id", { model: gone })).subcode).to.equal(201);
      expect(await taskOf(used)).to.equal(undefined);
    });

    it("of what is published, or has something published, needs force", async () => {
      const task = await inStatus("published");
      expect(await refused("tasks.reset", { task })).to.equal(`400/110 Invalid task status: task_id=${task}, status=published`);
      await server.ask("tasks.reset", { task, force: true });
      expect((await read(task)).status).to.equal("created");
      const model = await modelOf(task, true);
      expect(await refused("tasks.reset", { task })).to.equal(
        `400/123 Task cannot be deleted (has output models, use force=True): task=${task}, models=1`,
      );
      await server.ask("tasks.reset", { task, force: true });
      expect(await taskOf(model)).to.equal(undefined);
    });
  });

  describe("tasks.reset_many", () => {
    it("resets each by itself", async () => {
      const [a, b] = [await enqueued(), await ran()];
      const { succeeded, failed } = await server.ask("tasks.reset_many", { ids: [a, b, "nope"] });
      expect(succeeded[0]).to.have.all.keys("id", "updated", "fields", "deleted_models", "dequeued", "urls");
      expect(succeeded.map((item: { dequeued: boolean }) => item.dequeued)).to.deep.equal([true, false]);
      expect(failed[0].error.codes).to.deep.equal([400, 101]);
      expect((await read(b)).status).to.equal("created");
      expect(await logs(b)).to.equal(0);
    });
  });

  describe("tasks.delete", () => {
    it("deletes a task, and tells its children", async () => {
      const task = await server.task();
      const [child, published] = [await server.task({ parent: task }), await inStatus("published", { parent: task })];
      const reply = await server.ask("tasks.delete", { task, force: true });
      expect(reply).to.deep.equal({ deleted: true, updated_children: 2, updated_models: 0, deleted_models: 0, urls: null });
      expect(await isThere(task)).to.equal(false);
      for (const id of [child, published]) expect((await read(id)).parent).to.equal(`__DELETED__${task}`);
    });

    it("is for drafts and archived tasks, or with force", async () => {
      const task = await inStatus("completed");
      expect(await refused("tasks.delete", { task })).to.equal(
        `400/123 Task cannot be deleted (due to status, use force=True): task=${task}, expected=created, current=completed`,
      );
      await server.ask("tasks.archive", { tasks: [task] });
      await server.ask("tasks.delete", { task });
      expect(await isThere(task)).to.equal(false);
      expect(await refused("tasks.delete", { task })).to.contain("400/101");
    });

    it("treats models by what they are", async () => {
      const task = await inStatus("completed", { execution: { artifacts } });
      const [draft, used, ready] = [await modelOf(task), await modelOf(task), await modelOf(task, true)];
      await server.task({ models: { input: [{ name: "m", model: used }] } });
      const reply = await server.ask("tasks.delete", { task, force: true, return_file_urls: true });
      expect(reply).to.deep.include({ deleted_models: 1, updated_models: 1 });
      expect(reply.urls).to.deep.equal({ model_urls: ["file:///m"], artifact_urls: ["s3://out"], event_urls: [] });
      expect([await taskOf(draft), await taskOf(used), await taskOf(ready)]).to.deep.equal([undefined, undefined, `__DELETED__${task}`]);
    });

    it("leaves all models when told to", async () => {
      const task = await server.task();
      const model = await modelOf(task);
      const reply = await server.ask("tasks.delete", { task, delete_output_models: false });
      expect(reply).to.include({ deleted_models: 0, updated_models: 1 });
      expect(await taskOf(model)).to.equal(`__DELETED__${task}`);
    });

    it("is refused, without force, for a task with something published; it has left its queue by then", async () => {
      const task = await enqueued();
      await server.ask("tasks.edit", { task, force: true, system_tags: ["archived"] });
      const child = await inStatus("published", { parent: task });
      expect(await refused("tasks.delete", { task })).to.equal(
        `400/123 Task cannot be deleted (has children, use force=True): task=${task}, children=1`,
      );
      expect(await waiting()).to.not.include(task);
      expect((await read(task)).status).to.equal("created");
      expect((await read(child)).parent).to.equal(task);
    });

    it("of a ready model that only its list of models names, says which", async () => {
      const { id: model } = await server.ask("models.create", { name: "a model", uri: "file:///m", ready: true });
      const task = await server.task({ models: { output: [{ name: "m", model }] } });
      expect(await refused("tasks.delete", { task })).to.equal(
        `400/123 Task cannot be deleted (has output model, use force=True): task=${task}, model=${model}`,
      );
      await server.ask("tasks.delete", { task, force: true });
      expect(await taskOf(model)).to.equal(`__DELETED__${task}`);
    });

    it("takes a pipeline's steps along, and counts the controller's own alone", async () => {
      const task = await server.task({ type: "controller" });
      const step = await inStatus("completed", { parent: task });
      const reply = await server.ask("tasks.delete", { task, include_pipeline_steps: true });
      expect(reply.updated_children).to.equal(0);
      expect([await isThere(task), await isThere(step)]).to.deep.equal([false, false]);
    });
  });

  describe("tasks.delete_many", () => {
    it("deletes each by itself, a repeated one once", async () => {
      const [task, completed] = [await server.task(), await inStatus("completed")];
      const { succeeded, failed } = await server.ask("tasks.delete_many", { ids: [task, completed, task] });
      expect(succeeded).to.deep.equal([{ id: task, deleted: true, updated_children: 0, updated_models: 0, deleted_models: 0, urls: null }]);
      expect(failed.map((item: { error: { codes: number[] } }) => item.error.codes[1])).to.deep.equal([123, 101]);
      expect([await isThere(task), await isThere(completed)]).to.deep.equal([false, true]);
    });
  });

  const marks = async (task: string): Promise<string[]> => (await read(task)).system_tags;

  describe("tasks.archive", () => {
    it("marks tasks once, with the caller's texts, and counts as it was called", async () => {
      const task = await inStatus("completed", { system_tags: ["kept"] });
      const before = await read(task);
      const reply = await server.ask("tasks.archive", { tasks: [task, task], status_reason: "why", status_message: "what" });
      expect(reply).to.deep.equal({ archived: 2 });
      const after = await read(task);
      expect(after).to.deep.include({ system_tags: ["archived", "kept"], status_reason: "why", status_message: "what" });
      expect(after).to.include({ status: "completed", last_update: before.last_update });
    });

    it("takes a waiting task off its queue and stops a running one; both texts are cleared when none are given", async () => {
      const [task, running] = [await enqueued(), await inStatus("in_progress")];
      await server.ask("tasks.archive", { tasks: [task, running] });
      expect(await waiting()).to.not.include(task);
      const [left, stopped] = [await read(task), await read(running)];
      expect(left).to.include({ status: "created", status_reason: "", status_message: "" });
      expect(left.execution.queue).to.equal(queue);
      expect(stopped).to.include({ status: "stopped", status_reason: "" }).and.to.not.have.property("completed");
    });

    it("marks nothing when a task is unknown", async () => {
      const task = await server.task();
      expect(await refused("tasks.archive", { tasks: [task, "nope"] })).to.equal("400/101 Invalid task id: ids=(nope)");
      expect(await marks(task)).to.deep.equal([]);
    });
  });

  describe("tasks.archive_many", () => {
    it("archives each by itself, a pipeline with its steps", async () => {
      const task = await server.task({ type: "controller" });
      const step = await inStatus("in_progress", { parent: task });
      const { succeeded, failed } = await server.ask("tasks.archive_many", { ids: [task, "nope"], include_pipeline_steps: true });
      expect(succeeded).to.deep.equal([{ id: task, archived: true }]);
      expect(failed[0].error.codes).to.deep.equal([400, 101]);
      for (const id of [task, step]) expect(await marks(id)).to.deep.equal(["archived"]);
      expect((await read(step)).status).to.equal("stopped");
    });
  });

  describe("tasks.unarchive_many", () => {
    it("takes the mark away, with the caller's texts", async () => {
      const task = await server.task({ system_tags: ["archived", "kept"] });
      const { succeeded, failed } = await server.ask("tasks.unarchive_many", { ids: [task, "nope"], status_reason: "back" });
      expect(succeeded).to.deep.equal([{ id: task, unarchived: true }]);
      expect(failed).to.have.lengthOf(1);
      expect(await read(task)).to.deep.include({ system_tags: ["kept"], status_reason: "back", status_message: "" });
    });
  });
});
