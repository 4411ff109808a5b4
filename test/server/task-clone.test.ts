import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";

describe("tasks.clone", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(async () => await server[Symbol.asyncDispose]());

  const read = async (task: string): Promise<Reply["data"]> => (await server.ask("tasks.get_by_id", { task })).task;
  const clone = async (task: string, more: object = {}): Promise<Reply["data"]> =>
    await read((await server.ask("tasks.clone", { task, ...more })).id);
  const refused = async (body: object): Promise<string> => {
    const { status, subcode, message } = await server.call("tasks.clone", body);
    return `${status}/${subcode} ${message}`;
  };
  const parameter = (value: string): object => ({ section: "Args", name: "lr", value });

  const source = async (): Promise<string> => {
    const task = await server.task({
      comment: "words",
      tags: ["t"],
      system_tags: ["development", "archived", "kept"],
      script: { repository: "r" },
      container: { image: "python:3" },
      execution: {
        framework: "none",
        artifacts: [
          { key: "in", type: "t", mode: "input" },
          { key: "out", type: "t" },
        ],
      },
      hyperparams: { Args: { lr: parameter("1") } },
      configuration: { c: { name: "c", value: "v" } },
      models: { output: [{ name: "m", model: "x" }] },
      output_dest: "s3://bucket",
      runtime: { a: 1 },
    });
    await server.ask("tasks.enqueue", { task, queue_name: "clone queue" });
    return task;
  };

  it("copies what to run, not what came of it", async () => {
    const task = await source();
    const copy = await clone(task);
    expect(copy).to.deep.include({ name: "a task", comment: "words", tags: ["t"], system_tags: ["kept"], status: "created", parent: task });
    expect(copy).to.deep.include({ container: { image: "python:3" }, runtime: {}, output: { destination: "s3://bucket" } });
    expect(copy.hyperparams.Args.lr.value).to.equal("1");
    expect(copy.configuration.c.value).to.equal("v");
    expect(copy.models).to.deep.equal({ input: [], output: [] });
    expect(copy.execution).to.include({ framework: "none" }).and.to.not.have.property("queue");
    expect(copy.execution.artifacts.map((item: { key: string }) => item.key)).to.deep.equal(["in"]);
    expect((await clone(copy.id)).parent).to.equal(task);
  });

  it("takes what is given, and the source's where it is given empty", async () => {
    const task = await source();
    const { id: model } = await server.ask("models.create", { name: "a model", uri: "file:///m" });
    const copy = await clone(task, {
      new_task_name: "other",
      new_task_comment: "",
      new_task_tags: ["n"],
      new_task_system_tags: ["archived"],
      new_task_hyperparams: { Args: { lr: parameter("2") } },
      new_task_configuration: {},
      new_task_input_models: [{ name: "given", model }],
      execution_overrides: { framework: "Caffe", model_labels: { test: 1.0 }, queue: "q", model: "ignored", parameters: { a: 1 } },
    });
    expect(copy).to.deep.include({ name: "other", comment: "words", tags: ["n"], system_tags: ["archived"] });
    expect(copy.hyperparams).to.deep.equal({ Args: { lr: parameter("2") } });
    expect(copy.configuration.c.value).to.equal("v");
    expect(copy.models.input[0]).to.include({ name: "given", model });
    expect(copy.execution).to.deep.include({ framework: "Caffe", model_labels: { test: 1 } });
    expect(copy.execution).to.not.have.property("queue");
  });

  it("stores the name as every name: trimmed, and of three characters at least", async () => {
    const task = await source();
    expect(await clone(task, { new_task_name: "  padded " })).to.include({ name: "padded" });
    expect(await server.call("tasks.clone", { task, new_task_name: " a " })).to.include({
      subcode: 800,
      message: "Data validation error: name=String value is too short",
    });
  });

  it("turns overridden models, images and artifacts into today's fields", async () => {
    const { id: model } = await server.ask("models.create", { name: "a model", uri: "file:///m" });
    const artifacts = [
      { key: "a", type: "t", mode: "input" },
      { key: "b", type: "t" },
    ];
    const copy = await clone(await source(), { execution_overrides: { model, docker_cmd: "image:1 -e A=1", artifacts } });
    expect(copy.models.input[0]).to.include({ name: "Input Model", model });
    expect(copy.container).to.deep.equal({ image: "image:1", arguments: "-e A=1" });
    expect(copy.execution.artifacts.map((item: { key: string }) => item.key)).to.deep.equal(["a"]);
  });

  it("makes the project that is named, unless one is given", async () => {
    const task = await source();
    const { id, new_project: made } = await server.ask("tasks.clone", { task, new_project_name: "cloned into" });
    expect(made).to.include({ name: "cloned into" });
    expect((await read(id)).project).to.equal(made.id);
    const reply = await server.ask("tasks.clone", { task, new_project_name: "never made", new_task_project: made.id });
    expect(reply).to.have.all.keys("id");
  });

  it("checks references that are given, and inherited ones only when asked to", async () => {
    const task = await source();
    expect(await refused({ task, new_task_parent: "nope" })).to.equal("400/101 Invalid task id (invalid parent): parent=nope");
    expect(await refused({ task, new_task_project: "nope" })).to.equal("400/401 Invalid project id: id=nope");
    expect(await refused({ task, execution_overrides: { model: "nope" } })).to.equal("400/201 Invalid model id: models=(nope)");
    expect(await refused({ task, new_task_tags: ["__$a"] })).to.contain("400/16");
    expect(await refused({ task: "nope" })).to.equal("400/101 Invalid task id: id=nope");
    await server.ask("tasks.add_or_update_model", { task, name: "m", model: "gone", type: "input" });
    expect((await clone(task)).models.input[0].model).to.equal("gone");
    expect(await refused({ task, validate_references: true })).to.equal("400/201 Invalid model id: models=(gone)");
  });

  it("makes a public task the caller's own", async () => {
    const task = await source();
    await server.ask("tasks.make_public", { ids: [task] });
    expect((await clone(task)).company).to.not.equal("");
  });
});
