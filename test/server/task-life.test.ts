import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";
import { STATUS_FIELDS } from "../support/status-fields.ts";

describe("the life of a task", () => {
  let server: EmbeddedServer;
  let userName: string;

  before(async () => {
    server = await EmbeddedServer.start();
    userName = (await server.ask("users.get_current_user")).user.name;
  });

  after(async () => await server[Symbol.asyncDispose]());

  const read = async (task: string): Promise<Reply["data"]> => (await server.ask("tasks.get_by_id", { task })).task;
  const refused = async (endpoint: string, body: object): Promise<string> => {
    const { status, subcode, message } = await server.call(endpoint, body);
    return `${status}/${subcode} ${message}`;
  };
  const inStatus = async (status: string, more: object = {}): Promise<string> => {
    const task = await server.task(more);
    await server.ask("tasks.edit", { task, status, force: true });
    return task;
  };
  const illegal = (from: string, to: string): string =>
    `400/110 Invalid task status (Invalid status change): current_status=${from}, new_status=${to}`;
  const reported = async (task: string): Promise<void> => {
    await server.ask("workers.status_report", { worker: "a worker", task, timestamp: Date.now() });
  };
  const text = { status_reason: "why", status_message: "what" };

  describe("tasks.started", () => {
    it("begins a run, clears what an earlier one left, and moves its project", async () => {
      const project = (await server.ask("projects.create", { name: "of a run" })).id as string;
      const task = await inStatus("stopped", { project });
      await server.ask("tasks.completed", { task });
      const { last_update: before } = (await server.ask("projects.get_by_id", { project })).project;
      await setTimeout(2);
      const { updated, started, fields } = await server.ask("tasks.started", { task, ...text });
      expect([updated, started]).to.deep.equal([1, 1]);
      expect(fields).to.have.all.keys(...STATUS_FIELDS, "started");
      expect(fields).to.include({ status: "in_progress", ...text });
      expect(await read(task))
        .to.include({ status: "in_progress", ...text })
        .and.to.not.have.any.keys("completed", "active_duration");
      expect((await server.ask("projects.get_by_id", { project })).project.last_update > before).to.equal(true);
    });

    it("again keeps the time of the start, and clears texts that are not given", async () => {
      const task = await server.task();
      await server.ask("tasks.started", { task, ...text });
      const { started } = await read(task);
      await setTimeout(2);
      const { fields } = await server.ask("tasks.started", { task });
      expect(fields).to.have.all.keys(...STATUS_FIELDS);
      expect(await read(task)).to.include({ started, status_reason: "", status_message: "" });
    });

    it("is refused where no step leads there, but with force; an unknown task has its own refusal", async () => {
      const task = await inStatus("failed");
      expect(await refused("tasks.started", { task })).to.equal(illegal("failed", "in_progress"));
      await server.ask("tasks.started", { task, force: true });
      expect((await read(task)).status).to.equal("in_progress");
      expect(await refused("tasks.started", { task: "nope" })).to.equal("400/10 Invalid object id: task=None");
    });
  });

  for (const status of ["stopped", "failed", "completed"])
    describe(`tasks.${status}`, () => {
      it("ends a run with its texts and the time", async () => {
        const task = await inStatus("in_progress");
        const { updated, fields, published } = await server.ask(`tasks.${status}`, { task, ...text });
        expect([updated, published]).to.deep.equal([1, status === "completed" ? 0 : undefined]);
        expect(fields).to.have.all.keys(...STATUS_FIELDS, "completed");
        const after = await read(task);
        expect(after).to.include({ status, ...text });
        expect(Date.parse(after.completed)).to.equal(Date.parse(fields.completed));
        await server.ask(`tasks.${status}`, { task });
        expect((await read(task)).status_reason).to.equal("");
      });

      it("is refused for a draft", async () => {
        const task = await server.task();
        expect(await refused(`tasks.${status}`, { task })).to.equal(illegal("created", status));
        expect((await read(task)).status).to.equal("created");
      });
    });

  describe("ends of their own kind", () => {
    it("a closed task may still fail", async () => {
      const task = await inStatus("closed");
      await server.ask("tasks.failed", { task });
      expect((await read(task)).status).to.equal("failed");
    });

    it("completed with publish publishes too, and shows the fields of the completion", async () => {
      const task = await inStatus("in_progress");
      const { published, fields } = await server.ask("tasks.completed", { task, publish: true });
      expect(published).to.equal(1);
      expect(fields).to.have.all.keys(...STATUS_FIELDS, "completed");
      expect(fields.status).to.equal("published");
      expect(await read(task))
        .to.include({ status: "published" })
        .and.to.have.property("published");
    });
  });

  describe("tasks.close", () => {
    it("leads from stopped only", async () => {
      const task = await inStatus("stopped");
      expect((await server.ask("tasks.close", { task })).fields).to.have.all.keys(...STATUS_FIELDS);
      expect((await read(task)).status).to.equal("closed");
      expect(await refused("tasks.close", { task: await server.task() })).to.equal(illegal("created", "closed"));
    });
  });

  const withModel = async (ready = false): Promise<{ task: string; model: string }> => {
    const task = await inStatus("stopped");
    const { id: model } = await server.ask("models.create", { name: "a model", uri: "file:///m", ready });
    await server.ask("tasks.edit", { task, force: true, models: { output: [{ name: "m", model }] } });
    return { task, model };
  };
  const isReady = async (model: string): Promise<boolean> => (await server.ask("models.get_by_id", { model })).model.ready === true;

  describe("tasks.publish", () => {
    it("publishes the task and its last model", async () => {
      const { task, model } = await withModel();
      const { updated, fields } = await server.ask("tasks.publish", { task, ...text });
      expect(updated).to.equal(1);
      expect(fields).to.have.all.keys(...STATUS_FIELDS, "published", "output");
      expect(await read(task)).to.include({ status: "published", ...text });
      expect(await isReady(model)).to.equal(true);
    });

    it("leaves the model when told to", async () => {
      const { task, model } = await withModel();
      await server.ask("tasks.publish", { task, publish_model: false });
      expect(await isReady(model)).to.equal(false);
    });

    it("a second time needs force, and gets a new time", async () => {
      const { task } = await withModel(true);
      const { fields } = await server.ask("tasks.publish", { task });
      expect(await refused("tasks.publish", { task })).to.equal(illegal("published", "published"));
      await setTimeout(2);
      await server.ask("tasks.publish", { task, force: true });
      expect((await read(task)).published > fields.published).to.equal(true);
      expect(await refused("tasks.publish", { task: await server.task() })).to.equal(illegal("created", "published"));
    });
  });

  describe("tasks.publish_many", () => {
    it("publishes each by itself", async () => {
      const [{ task }, draft] = [await withModel(), await server.task()];
      const { succeeded, failed } = await server.ask("tasks.publish_many", { ids: [task, draft, "nope"] });
      expect(succeeded).to.have.lengthOf(1);
      expect(succeeded[0]).to.have.all.keys("id", "updated", "fields");
      expect(failed.map((item: { error: { codes: number[] } }) => item.error.codes)).to.deep.equal([
        [400, 110],
        [400, 101],
      ]);
      expect(failed[0].error.data).to.deep.equal({ current_status: "created", new_status: "published" });
      expect((await read(task)).status).to.equal("published");
    });
  });

  describe("tasks.stop", () => {
    it("ends a run that no worker reports, without a time of completion", async () => {
      const task = await inStatus("in_progress");
      const { fields } = await server.ask("tasks.stop", { task, ...text });
      expect(fields).to.have.all.keys(...STATUS_FIELDS);
      const after = await read(task);
      expect(after).to.include({ status: "stopped", status_reason: "why", status_message: `Stopped by ${userName}` });
      expect(after).to.not.have.property("completed");
    });

    it("asks a live worker, and leaves the status", async () => {
      const task = await inStatus("in_progress");
      await reported(task);
      expect((await server.ask("tasks.stop", { task, ...text })).fields).to.include({ status: "in_progress", status_message: "stopping" });
      expect(await read(task)).to.include({ status: "in_progress", status_reason: "why", status_message: "stopping" });
    });

    it("takes a waiting task out of its queue", async () => {
      const task = await server.task();
      const { fields } = await server.ask("tasks.enqueue", { task, queue_name: "stop queue" });
      await server.ask("tasks.stop", { task });
      expect((await read(task)).status).to.equal("stopped");
      expect(await server.ask("queues.get_num_entries", { queue: fields["execution.queue"] })).to.deep.equal({ num: 0 });
    });

    it("is refused for drafts and ended tasks, but with force", async () => {
      const [draft, ended] = [await server.task(), await inStatus("completed")];
      expect(await refused("tasks.stop", { task: draft })).to.equal(illegal("created", "stopped"));
      expect(await refused("tasks.stop", { task: ended })).to.equal(illegal("completed", "stopped"));
      await server.ask("tasks.stop", { task: ended, force: true });
      expect((await read(ended)).status).to.equal("stopped");
    });

    it("stops a pipeline's steps with it, whatever their status; tasks of other types have none", async () => {
      for (const [type, status] of [
        ["controller", "stopped"],
        ["training", "created"],
      ] as const) {
        const parent = await inStatus("in_progress", { type });
        const step = await server.task({ parent });
        await server.ask("tasks.stop", { task: parent, include_pipeline_steps: true });
        expect((await read(step)).status).to.equal(status);
        expect((await read(parent)).status).to.equal("stopped");
      }
    });
  });

  describe("tasks.stop_many", () => {
    it("stops each by itself", async () => {
      const [running, draft] = [await inStatus("in_progress"), await server.task()];
      const { succeeded, failed } = await server.ask("tasks.stop_many", { ids: [running, draft], status_reason: "why" });
      expect(succeeded[0]).to.have.all.keys("id", "updated", "fields");
      expect(failed).to.deep.equal([
        {
          id: draft,
          error: {
            codes: [400, 110],
            msg: "Invalid task status (Invalid status change): current_status=created, new_status=stopped",
            data: { current_status: "created", new_status: "stopped" },
          },
        },
      ]);
      expect(await read(running)).to.include({ status: "stopped", status_reason: "why" });
    });
  });

  describe("tasks.ping", () => {
    it("moves the last update, and tells how long a run goes on", async () => {
      const task = await server.task();
      await server.ask("tasks.started", { task });
      const before = await read(task);
      await setTimeout(2);
      expect(await server.ask("tasks.ping", { task })).to.deep.equal({});
      const after = await read(task);
      expect(after.last_update > before.last_update).to.equal(true);
      expect(after.active_duration).to.be.a("number").within(0, 60);
      expect(before).to.not.have.property("active_duration");
    });

    it("says nothing of a task that is not there", async () => {
      expect(await server.ask("tasks.ping", { task: "nope" })).to.deep.equal({});
    });
  });
});
