import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";

describe("reading tasks", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(async () => await server[Symbol.asyncDispose]());

  const at = async (version: string, endpoint: string, body: object): Promise<Reply["data"]> =>
    await server.ask(`v${version}/${endpoint}`, body);
  const read = async (task: string, version = "2.34"): Promise<Reply["data"]> => (await at(version, "tasks.get_by_id", { task })).task;

  describe("tasks.get_by_id", () => {
    it("gives the whole task, hidden and public ones too", async () => {
      const task = await server.task({ system_tags: ["hidden"] });
      await server.ask("tasks.make_public", { ids: [task] });
      expect(await read(task)).to.deep.include({ id: task, company: "", unique_metrics: [], system_tags: ["hidden"] });
      expect(await server.call("tasks.get_by_id", { task: "nope" })).to.include({ subcode: 101, message: "Invalid task id: ids=(nope)" });
    });
  });

  describe("tasks.get_all", () => {
    it("looks below the given projects, at any depth, when it is told to", async () => {
      const project = (await server.ask("projects.create", { name: "tree of tasks" })).id as string;
      const deep = (await server.ask("projects.create", { name: "tree of tasks/middle/below" })).id as string;
      const [own, below] = [await server.task({ project }), await server.task({ project: deep })];
      const found = async (body: object): Promise<string[]> =>
        (await server.ask("tasks.get_all", { project: [project], only_fields: ["id"], ...body })).tasks.map(({ id }: { id: string }) => id);
      expect(await found({})).to.deep.equal([own]);
      expect(await found({ include_subprojects: true })).to.have.members([own, below]);
    });
  });

  const speaksOldNames = async (endpoint: string): Promise<void> => {
    const id = await server.task({
      tags: ["m"],
      system_tags: ["archived"],
      container: { image: "img", arguments: "-x" },
      execution: { parameters: { lr: 1 } },
    });
    await server.ask("tasks.update_tags", { ids: [id], add_tags: ["a"] });
    const shown = async (version: string): Promise<Reply["data"]> => (await at(version, endpoint, { id: [id] })).tasks[0];
    expect(await shown("2.34")).to.deep.include({ tags: ["a", "m"] });
    expect((await shown("2.34")).execution).to.not.have.any.keys("docker_cmd");
    expect((await shown("2.12")).execution).to.deep.include({ docker_cmd: "img -x", parameters: {} });
    expect((await shown("2.8")).execution).to.deep.include({ docker_cmd: "img -x", parameters: { lr: "1" } });
    expect(await shown("2.2")).to.deep.include({ tags: ["a", "archived", "m"] });
  };

  describe("tasks.get_all_ex", () => {
    it("sorts tags, and speaks an older version's names", async () => await speaksOldNames("tasks.get_all_ex"));
  });

  describe("tasks.get_by_id_ex", () => {
    it("sorts tags, and speaks an older version's names", async () => await speaksOldNames("tasks.get_by_id_ex"));

    it("narrows, orders and pages the named tasks as a list does, hidden ones too", async () => {
      const ids = [await server.task({ name: "named b" }), await server.task({ name: "named a", system_tags: ["hidden"] })];
      const found = async (body: object): Promise<string[]> =>
        (await server.ask("tasks.get_by_id_ex", { id: ids, only_fields: ["name"], order_by: ["name"], ...body })).tasks.map(
          ({ name }: { name: string }) => name,
        );
      expect(await found({})).to.deep.equal(["named a", "named b"]);
      expect(await found({ order_by: ["-name"], page: 0, page_size: 1 })).to.deep.equal(["named b"]);
      expect(await found({ name: "a$" })).to.deep.equal(["named a"]);
      expect(await found({ id: null, name: "^named" })).to.deep.equal(["named a", "named b"]);
      expect((await server.call("tasks.get_by_id_ex", {})).message).to.equal("Missing required fields: missing=(id)");
    });
  });

  describe("tasks.get_types", () => {
    it("lists the types in use: everywhere, or in projects and below them", async () => {
      const project = (await server.ask("projects.create", { name: "of types" })).id as string;
      const below = (await server.ask("projects.create", { name: "of types/below" })).id as string;
      await server.task({ project, type: "qc" });
      await server.task({ project: below, type: "monitor" });
      await server.task({ type: "service" });
      const types = async (projects?: string[]): Promise<string[]> => (await server.ask("tasks.get_types", { projects })).types.toSorted();
      expect(await types()).to.include.members(["qc", "monitor", "service"]);
      expect(await types([project])).to.deep.equal(["monitor", "qc"]);
      expect(await types([below])).to.deep.equal(["monitor"]);
      expect(await types(["nope"])).to.deep.equal([]);
    });
  });

  /** The names that a task had in earlier versions (clearml-api.md 1.7). */
  describe("older versions", () => {
    it("below 2.3 have one list of tags", async () => {
      const task = (await at("2.2", "tasks.create", { name: "a task", type: "training", tags: ["b", "archived", "a"] })).id as string;
      expect(await read(task)).to.deep.include({ tags: ["a", "b"], system_tags: ["archived"] });
      expect((await read(task, "2.2")).tags).to.deep.equal(["a", "archived", "b"]);
      expect((await at("2.2", "tasks.edit", { task, tags: ["c", "development"] })).fields.tags).to.deep.equal(["c", "development"]);
    });

    it("below 2.9 see parameters and texts in the execution, and all may write them there", async () => {
      const execution = { parameters: { lr: 1, "TF_DEFINE/x": true, "a/b": "2" }, model_desc: { design: "text" } };
      const task = await server.task({ execution, hyperparams: { own: { n: { section: "own", name: "n", value: "1", type: "int" } } } });
      const today = await read(task);
      expect(today.execution).to.deep.include({ parameters: {}, model_desc: {} });
      expect(today.hyperparams.Args).to.deep.equal({
        lr: { section: "Args", name: "lr", type: "legacy", value: "1" },
        "a/b": { section: "Args", name: "a/b", type: "legacy", value: "2" },
      });
      expect(today.hyperparams.TF_DEFINE.x).to.include({ name: "x", value: "True" });
      expect(today.configuration).to.deep.equal({ design: { name: "design", type: "legacy", value: "text" } });
      const old = await read(task, "2.8");
      expect(old.execution.parameters).to.deep.equal({ lr: "1", "TF_DEFINE/x": "True", "a/b": "2" });
      expect(old.execution.model_desc).to.deep.equal({ design: "text" });
      await at("2.8", "tasks.edit", { task, execution: { parameters: { new: "3" }, model_desc: {} } });
      const edited = await read(task);
      expect(Object.keys(edited.hyperparams)).to.have.members(["own", "Args"]);
      expect(Object.keys(edited.hyperparams.Args)).to.deep.equal(["new"]);
      expect(edited.configuration).to.deep.equal({});
    });

    it("below 2.13 have one model on each side, and image and arguments in one", async () => {
      const { id: model } = await server.ask("models.create", { name: "a model", uri: "file:///m" });
      const execution = { model, docker_cmd: "python:3 -e A=1" };
      const task = (await at("2.12", "tasks.create", { name: "a task", type: "training", execution })).id as string;
      await server.ask("tasks.add_or_update_model", { task, name: "one", model: "m1", type: "output" });
      await server.ask("tasks.add_or_update_model", { task, name: "two", model: "m2", type: "output" });
      const today = await read(task);
      expect(today.container).to.deep.equal({ image: "python:3", arguments: "-e A=1" });
      expect(today.models.input[0]).to.include({ name: "Input Model", model });
      expect(today.execution).to.not.have.any.keys("model", "docker_cmd");
      const old = await read(task, "2.12");
      expect(old.execution).to.include({ model, docker_cmd: "python:3 -e A=1" });
      expect(old.output).to.deep.equal({ model: "m2" });
      await at("2.12", "tasks.edit", { task, execution: { docker_cmd: "image", model: "" } });
      const edited = await read(task);
      expect(edited.container).to.deep.equal({ image: "image", arguments: "" });
      expect(edited.models.input).to.deep.equal([]);
      expect(edited.models.output).to.have.lengthOf(2);
    });

    it("from 2.13 on may not write those names", async () => {
      const task = await server.task({ execution: { model: "m", docker_cmd: "image" } });
      expect(await read(task)).to.deep.include({ container: {}, models: { input: [], output: [] } });
    });
  });
});
