import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";
import { STATUS_FIELDS } from "../support/status-fields.ts";

describe("tasks and queues", () => {
  let server: EmbeddedServer;
  let queue: string;
  let other: string;

  before(async () => {
    server = await EmbeddedServer.start();
    queue = (await server.ask("queues.create", { name: "one queue" })).id as string;
    other = (await server.ask("queues.create", { name: "other queue" })).id as string;
  });

  after(async () => await server[Symbol.asyncDispose]());

  const read = async (task: string): Promise<Reply["data"]> => (await server.ask("tasks.get_by_id", { task })).task;
  const entries = async (id: string): Promise<string[]> =>
    (await server.ask("queues.get_by_id", { queue: id })).queue.entries.map((entry: { task: string }) => entry.task);
  const refused = async (endpoint: string, body: object): Promise<string> => {
    const { status, subcode, message } = await server.call(endpoint, body);
    return `${status}/${subcode} ${message}`;
  };
  const enqueued = async (more: object = {}): Promise<string> => {
    const task = await server.task(more);
    await server.ask("tasks.enqueue", { task, queue });
    return task;
  };
  const inStatus = async (status: string): Promise<string> => {
    const task = await server.task();
    await server.ask("tasks.edit", { task, status, force: true });
    return task;
  };
  const enqueueStatus = async (task: string): Promise<unknown> =>
    (await server.ask("tasks.get_all", { id: [task], only_fields: ["enqueue_status"] })).tasks[0].enqueue_status;

  describe("tasks.enqueue", () => {
    it("appends to the queue, remembers status and queue, and drops the mark of development", async () => {
      const task = await server.task({ system_tags: ["development", "kept"] });
      const { queued, updated, fields } = await server.ask("tasks.enqueue", { task, queue, status_reason: "why" });
      expect([queued, updated]).to.deep.equal([1, 1]);
      expect(fields).to.have.all.keys(...STATUS_FIELDS, "enqueue_status", "execution.queue");
      expect(fields).to.include({ enqueue_status: "created", "execution.queue": queue });
      const after = await read(task);
      expect(after).to.deep.include({ status: "queued", status_reason: "why", system_tags: ["kept"] });
      expect(after.execution.queue).to.equal(queue);
      expect(await entries(queue)).to.include(task);
      expect(await enqueueStatus(task)).to.equal("created");
    });

    it("moves a waiting task to another queue, with the status it had at first", async () => {
      const task = await enqueued();
      const { fields } = await server.ask("tasks.enqueue", { task, queue: other });
      expect(fields.enqueue_status).to.equal("created");
      expect([await entries(queue), await entries(other)].map((list) => list.includes(task))).to.deep.equal([false, true]);
    });

    it("makes a queue of the given name, and says whether somebody serves it", async () => {
      const task = await server.task();
      const { fields, queue_watched: watched } = await server.ask("tasks.enqueue", {
        task,
        queue_name: "made",
        verify_watched_queue: true,
      });
      expect(watched).to.equal(false);
      await server.ask("workers.register", { worker: "w", queues: [fields["execution.queue"]] });
      const reply = await server.ask("tasks.enqueue", { task: await server.task(), queue_name: "made", verify_watched_queue: true });
      expect(reply).to.include({ queue_watched: true });
      expect(await entries(fields["execution.queue"])).to.have.lengthOf(2);
    });

    it("can leave the recorded queue alone, when there is one", async () => {
      const task = await enqueued();
      const { fields } = await server.ask("tasks.enqueue", { task, queue: other, update_execution_queue: false });
      expect(fields).to.not.have.property("execution.queue");
      expect((await read(task)).execution.queue).to.equal(queue);
      expect(await entries(other)).to.include(task);
      const fresh = { task: await server.task(), queue, update_execution_queue: false };
      expect(await refused("tasks.enqueue", fresh)).to.contain("400/12 Validation error (Cannot skip setting execution queue");
      expect(await refused("tasks.enqueue", { ...fresh, verify_watched_queue: true })).to.contain("400/12");
    });

    it("into the same queue again is refused; what was tried is seen", async () => {
      const task = await enqueued();
      expect((await server.call("tasks.enqueue", { task, queue, force: true, status_reason: "why" })).subcode).to.equal(706);
      expect(await read(task)).to.include({ status: "queued", status_reason: "failed enqueueing", status_message: "" });
      expect(await enqueueStatus(task)).to.equal(undefined);
      expect((await entries(queue)).filter((id) => id === task)).to.have.lengthOf(1);
    });

    it("into a queue that is not there puts the status back", async () => {
      const task = await inStatus("stopped");
      expect((await server.call("tasks.enqueue", { task, queue: "nope" })).subcode).to.equal(701);
      expect(await read(task)).to.include({ status: "stopped", status_reason: "failed enqueueing", status_message: "" });
    });

    it("is refused by status, by two queues, and without a default queue", async () => {
      const task = await inStatus("completed");
      expect(await refused("tasks.enqueue", { task, queue })).to.equal(
        "400/110 Invalid task status (Invalid status change): current_status=completed, new_status=queued",
      );
      await server.ask("tasks.enqueue", { task, queue, force: true });
      expect((await read(task)).status).to.equal("queued");
      expect(await refused("tasks.enqueue", { task, queue, queue_name: "x" })).to.equal(
        "400/12 Validation error (Either queue id or queue name should be provided)",
      );
      expect(await refused("tasks.enqueue", { task: "nope", queue })).to.contain("400/101 Invalid task id: id=nope, company=");
    });
  });

  describe("tasks.enqueue_many", () => {
    it("enqueues each by itself", async () => {
      const [a, ended] = [await server.task(), await inStatus("completed")];
      const reply = await server.ask("tasks.enqueue_many", { ids: [a, ended, "nope"], queue, verify_watched_queue: true, force: true });
      expect(reply.succeeded).to.have.lengthOf(1);
      expect(reply.succeeded[0]).to.include({ id: a, queued: true, updated: 1 });
      expect(reply.succeeded[0].fields).to.include({ "execution.queue": queue, enqueue_status: "created" });
      expect(reply.queue_watched).to.equal(false);
      expect(reply.failed.map((item: { error: { codes: number[] } }) => item.error.codes[1])).to.deep.equal([110, 101]);
      expect(await entries(queue)).to.include(a);
    });

    it("can check what the tasks refer to", async () => {
      const task = await server.task({ models: { output: [] } });
      await server.ask("tasks.add_or_update_model", { task, name: "m", model: "gone", type: "input" });
      const { failed } = await server.ask("tasks.enqueue_many", { ids: [task], queue, validate_tasks: true });
      expect(failed[0].error).to.deep.include({ codes: [400, 201], data: { models: ["gone"] } });
      expect((await read(task)).status).to.equal("created");
    });

    it("leaves the mark of what was tried, also among many", async () => {
      const task = await enqueued();
      const { failed } = await server.ask("tasks.enqueue_many", { ids: [task], queue });
      expect(failed[0].error.codes).to.deep.equal([400, 706]);
      expect((await read(task)).status_reason).to.equal("failed enqueueing");
    });
  });

  describe("tasks.dequeue", () => {
    it("gives the earlier status back and keeps the record of the queue", async () => {
      const task = await inStatus("stopped");
      await server.ask("tasks.enqueue", { task, queue });
      const { dequeued, updated, fields } = await server.ask("tasks.dequeue", { task, status_reason: "why" });
      expect([dequeued, updated]).to.deep.equal([1, 1]);
      expect(fields).to.have.all.keys(...STATUS_FIELDS, "enqueue_status");
      expect(fields.enqueue_status).to.equal(null);
      const after = await read(task);
      expect(after).to.include({ status: "stopped", status_reason: "why" });
      expect(after.execution.queue).to.equal(queue);
      expect(await entries(queue)).to.not.include(task);
    });

    it("gives another status when told to, to running tasks too", async () => {
      const task = await enqueued();
      await server.ask("tasks.dequeue", { task, new_status: "in_progress" });
      expect((await read(task)).status).to.equal("in_progress");
      expect((await server.ask("tasks.dequeue", { task, new_status: "published" })).updated).to.equal(1);
      expect((await read(task)).status).to.equal("published");
      expect(await refused("tasks.dequeue", { task, new_status: "zz" })).to.equal("400/12 Validation error (Invalid task status: zz)");
    });

    it("leaves what neither waits nor runs, and is content with a task that is gone", async () => {
      const task = await server.task();
      for (const id of [task, "nope"])
        expect(await server.ask("tasks.dequeue", { task: id })).to.deep.equal({ dequeued: 1, updated: 0, fields: {} });
      expect((await read(task)).status).to.equal("created");
    });

    it("takes it off all queues when told to", async () => {
      const task = await server.task();
      await server.ask("queues.add_task", { queue, task });
      await server.ask("tasks.dequeue", { task });
      expect(await entries(queue)).to.include(task);
      await server.ask("tasks.dequeue", { task, remove_from_all_queues: true });
      expect(await entries(queue)).to.not.include(task);
    });
  });

  describe("tasks.dequeue_many", () => {
    it("dequeues each by itself", async () => {
      const task = await enqueued();
      const { succeeded, failed } = await server.ask("tasks.dequeue_many", { ids: [task, "nope"] });
      expect(succeeded[0]).to.include({ id: task, dequeued: true, updated: 1 });
      expect(succeeded[0].fields.enqueue_status).to.equal(null);
      expect(succeeded[1]).to.deep.equal({ id: "nope", dequeued: true, updated: 0, fields: {} });
      expect(failed).to.deep.equal([]);
      expect((await read(task)).status).to.equal("created");
      const bad = await server.ask("tasks.dequeue_many", { ids: [task], new_status: "zz" });
      expect(bad.failed[0].error.msg).to.equal("Validation error (Invalid task status: zz)");
    });
  });
});
