import { expect } from "chai";
import { Task } from "../../task/index.ts";
import { TaskPrograms } from "../support/task-programs.ts";

describe("status and queues of tasks", () => {
  let programs: TaskPrograms;
  before(async () => {
    programs = await TaskPrograms.start();
  });
  after(async () => await programs?.[Symbol.asyncDispose]());

  const made = async (): Promise<Task> => {
    const task = await Task.getTask({ taskId: await programs.server.task() });
    if (task === undefined) throw new Error("it was made just now");
    return task;
  };
  const statusOf = async (task: Task): Promise<string> => (await programs.document(task.id)).status;

  it("started and stopped move a task, and a refusal is an error", async () => {
    const task = await made();
    await task.started();
    expect(await statusOf(task)).to.equal("in_progress");
    await task.stopped({ statusReason: "enough", statusMessage: "said so" });
    expect(await programs.document(task.id)).to.include({ status: "stopped", status_reason: "enough", status_message: "said so" });
    await task.publish();
    const refused = await task.started().catch((error) => error);
    expect(refused).to.have.property("status", 400);
  });

  it("markStarted, markCompleted and completed end a task well", async () => {
    const task = await made();
    await task.markStarted();
    expect(task.data.started).to.be.a("string");
    await task.markCompleted();
    expect(await programs.document(task.id)).to.include({ status: "completed", status_reason: "completed" });
    const other = await made();
    await other.markStarted();
    await other.completed();
    expect(await statusOf(other)).to.equal("completed");
  });

  it("markStopped and markFailed end it otherwise, after what was reported", async () => {
    const [stopped, failed] = [await made(), await made()];
    await stopped.markStarted();
    stopped.logger.reportScalar({ title: "a", series: "b", iteration: 2, value: 1 });
    await stopped.markStopped();
    expect(await programs.document(stopped.id)).to.include({ status: "stopped", last_iteration: 2 });
    await failed.markStarted();
    await failed.markFailed({ statusReason: "no luck", statusMessage: "at all" });
    expect(await programs.document(failed.id)).to.include({ status: "failed", status_reason: "no luck", status_message: "at all" });
  });

  it("publish takes only what has ended", async () => {
    const task = await made();
    expect(await task.publish().catch((error) => error)).to.have.property("code", "bad-status");
    await task.markStarted();
    await task.markStopped();
    await task.publish();
    expect(await statusOf(task)).to.equal("published");
  });

  it("reset makes a draft of it again, running when asked to", async () => {
    const task = await made();
    await task.markStarted();
    await task.markStopped();
    await task.reset();
    expect(await statusOf(task)).to.equal("created");
    await task.reset({ setStartedOnSuccess: true, force: true });
    expect(await statusOf(task)).to.equal("in_progress");
  });

  it("getStatus and status are what the server says now and said last", async () => {
    const task = await made();
    await programs.server.ask("tasks.started", { task: task.id });
    expect(task.status).to.equal("created");
    expect(await task.getStatus()).to.equal("in_progress");
    expect(task.status).to.equal("in_progress");
  });

  it("waitForStatus waits for an end, throws on a failure, and ends with its signal", async () => {
    const task = await made();
    const waiting = task.waitForStatus({ checkIntervalMs: 10 });
    await programs.server.ask("tasks.started", { task: task.id });
    await programs.server.ask("tasks.completed", { task: task.id });
    expect(await waiting).to.equal("completed");
    expect(task.data.completed).to.be.a("string");
    const failed = await made();
    await failed.markStarted();
    await failed.markFailed();
    expect(await failed.waitForStatus().catch((error) => error)).to.have.property("code", "task-failed");
    const reason = new Error("no longer");
    const endless = (await made()).waitForStatus({ signal: AbortSignal.abort(reason), checkIntervalMs: 10 });
    expect(await endless.catch((error) => error)).to.equal(reason);
  });

  it("enqueue and dequeue put a task into a queue by name or id, and take it off", async () => {
    const queue = (await programs.server.ask("queues.create", { name: "a queue" })).id;
    const entries = async (): Promise<string[]> =>
      (await programs.server.ask("queues.get_by_id", { queue })).queue.entries.map((entry: { task: string }) => entry.task);
    const task = await made();
    expect((await Task.enqueue(task, { queueName: "a queue" })).queued).to.equal(1);
    expect(await entries()).to.deep.equal([task.id]);
    expect((await Task.dequeue(task.id)).dequeued).to.equal(1);
    expect(await statusOf(task)).to.equal("created");
    await Task.enqueue(task.id, { queueId: queue });
    expect(await entries()).to.deep.equal([task.id]);
    expect(await Task.enqueue(task, { queueName: "no such queue" }).catch((error) => error)).to.have.property("code", "no-queue");
  });

  it("enqueue takes a task that has ended only with force", async () => {
    await programs.server.ask("queues.create", { name: "by force" });
    const task = await made();
    await task.markStarted();
    await task.markCompleted();
    expect(await Task.enqueue(task, { queueName: "by force" }).catch((error) => error)).to.have.property("status", 400);
    await Task.enqueue(task, { queueName: "by force", force: true });
    expect(await statusOf(task)).to.equal("queued");
  });
});
