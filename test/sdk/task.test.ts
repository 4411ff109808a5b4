import { expect } from "chai";
import { PythonSdk, requirePython } from "../support/python-sdk.ts";

const PROGRAMS = ["task_connects", "reports", "artifacts", "models", "task_edits", "offline", "finding", "remote", "continuing", "aborted"];

describe("the official Python SDK: a task", function () {
  this.timeout(240_000);
  let sdk: PythonSdk;
  before(async function () {
    requirePython(this);
    sdk = await PythonSdk.start();
    sdk.begin(PROGRAMS);
  });
  after(async () => await sdk?.[Symbol.asyncDispose]());

  const taskOf = async (id: string) => (await sdk.server.ask("tasks.get_by_id", { task: id })).task;

  it("runs from Task.init to close with everything connected", async () => {
    const task = await taskOf((await sdk.said("task_connects")).task);
    expect(task).to.include({ status: "completed", type: "testing", comment: "what it is for", name: "everything connected" });
    expect(task.tags).to.deep.equal(["first", "second", "third"]);
    expect(task.hyperparams.Args.rate).to.include({ value: "0.25", type: "float", description: "the learning rate" });
    expect(task.hyperparams.Given["a.b c/d"].value).to.equal("True");
    expect(task.hyperparams.properties.size).to.include({ value: "3", type: "int" });
    expect(task.configuration.net.value).to.contain("width");
    expect(task.execution.model_labels).to.deep.equal({ background: 0, cat: 1 });
  });

  it("reports scalars, plots, texts, images, media and single values, and reads them back", async () => {
    const { task } = await sdk.said("reports");
    const curves = await sdk.server.ask("events.scalar_metrics_iter_histogram", { task });
    expect(curves.loss.train.y).to.deep.equal([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const values = (await sdk.server.ask("events.get_task_single_value_metrics", { tasks: [task] })).tasks[0].values;
    expect(values.map(({ variant, value }: { variant: string; value: number }) => [variant, value])).to.have.deep.members([
      ["accuracy", 0.75],
      ["count", 12],
    ]);
    const { metrics } = await sdk.server.ask("events.get_task_metrics", { tasks: [task], event_type: "training_debug_image" });
    expect(metrics[0].metrics).to.deep.equal(["image", "media"]);
  });

  it("moves artifacts of every type up and down, and deletes one with its file", async () => {
    const { task, deleted, left } = await sdk.said("artifacts");
    const { artifacts } = (await taskOf(task)).execution;
    expect(artifacts.map(({ key }: { key: string }) => key)).to.have.members(Object.keys(left));
    const status = async (url: string): Promise<number> =>
      (await fetch(url, { headers: { authorization: `Bearer ${sdk.server.token}` } })).status;
    expect(await status(left.numpy)).to.equal(200);
    expect(await status(deleted)).to.equal(404);
  });

  it("registers, uploads, finds, describes, archives, publishes and removes models", async () => {
    const said = await sdk.said("models");
    const { model } = await sdk.server.ask("models.get_by_id", { model: said.model });
    expect(model).to.include({ name: "renamed net", ready: true, framework: "PyTorch", comment: "said later", task: said.task });
    expect(model.metadata.more).to.deep.equal({ key: "more", type: "int", value: "5" });
    expect((await taskOf(said.user)).models.input.map((entry: { model: string }) => entry.model)).to.deep.equal([said.model]);
    expect(await sdk.server.call("models.get_by_id", { model: said.removed })).to.include({ status: 400, subcode: 201 });
    expect(model.last_metrics).to.have.property("ca1cd3c3055991bf20499ee86739f7e2");
  });

  it("edits, clones, enqueues, resets, archives, exports, publishes and deletes tasks", async () => {
    const said = await sdk.said("task_edits");
    expect((await taskOf(said.published)).status).to.equal("published");
    expect(await sdk.server.call("tasks.get_by_id", { task: said.clone })).to.include({ status: 400, subcode: 101 });
    expect((await sdk.server.ask("queues.get_by_id", { queue: said.queue })).queue.entries).to.deep.equal([]);
    expect((await taskOf(said.first)).container).to.include({ image: "python:3.12", arguments: "-e A=1" });
  });

  it("imports what was made without a server", async () => {
    const { task } = await sdk.said("offline");
    expect(await taskOf(task)).to.include({ name: "made offline", status: "completed" });
  });

  it("finds tasks by name, project, tags with operators, status, type and order", async () => {
    const made = await sdk.said("finding");
    expect((await taskOf(made["alpha one"])).system_tags).to.include("archived");
  });

  it("sends itself or a function to a queue, and makes tasks from a script and a repository", async () => {
    const said = await sdk.said("remote");
    const { queue } = await sdk.server.ask("queues.get_by_id", { queue: said.queue });
    expect(queue.entries.map((entry: { task: string }) => entry.task)).to.have.members([said.itself, said.clone, said.function]);
    expect((await taskOf(said.itself)).execution.queue).to.equal(said.queue);
    expect((await taskOf(said.repository)).container.setup_shell_script).to.contain("echo two");
  });

  it("goes on with a task where it ended, and uses one again from its start", async () => {
    const { task, reused } = await sdk.said("continuing");
    expect(await taskOf(task)).to.include({ status: "completed", last_iteration: 5 });
    expect((await taskOf(reused)).hyperparams.General.round.value).to.equal(reused);
  });

  it("calls the abort callback of a program that is aborted from outside", async () => {
    const { task, plain } = await sdk.said("aborted");
    const { status, runtime } = await taskOf(task);
    expect({ status, called: runtime._abort_callback_completed }).to.deep.equal({ status: "stopped", called: 1 });
    expect((await taskOf(plain)).status).to.equal("stopped");
  });

  it("meets no answer that an SDK never gets", async () => {
    await Promise.all(PROGRAMS.map(async (name) => await sdk.said(name).catch(() => undefined)));
    expect(sdk.unexpectedRefusals()).to.deep.equal([]);
  });
});
