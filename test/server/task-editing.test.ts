import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";

describe("tasks made and edited", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(async () => await server[Symbol.asyncDispose]());

  const read = async (task: string): Promise<Reply["data"]> => (await server.ask("tasks.get_by_id", { task })).task;
  const refused = async (endpoint: string, body: object): Promise<string> => {
    const { status, subcode, message } = await server.call(endpoint, body);
    return `${status}/${subcode} ${message}`;
  };
  const project = async (name: string): Promise<string> => (await server.ask("projects.create", { name })).id as string;
  const touched = async (id: string): Promise<string> => (await server.ask("projects.get_by_id", { project: id })).project.last_update;
  const FRESH = { name: "a task", type: "training" };
  const artifact = (fields: object): object => ({ execution: { artifacts: [{ key: "k", type: "t", ...fields }] } });
  /** What is found only when a task is stored. */
  const UNSTORABLE: object[] = [
    { name: "x" },
    { comment: 5 },
    { tags: "x" },
    { container: { image: 1 } },
    { output_dest: 5 },
    { hyperparams: { A: { b: {} } } },
    { hyperparams: { A: { b: { value: 5 } } } },
    { script: { repository: 5 } },
    { script: { requirements: "x" } },
    { execution: { model_labels: { a: "x" } } },
    { execution: { test_split: "x" } },
    ...[{ type: null }, { uri: 5 }, { timestamp: "x" }, { mode: "zz" }, { type_data: { preview: 5 } }].map(artifact),
  ];

  describe("tasks.create", () => {
    it("makes a draft with all that is always there, and no more", async () => {
      const task = await read((await server.ask("tasks.create", { name: "  a new task ", type: "testing" })).id);
      expect(task).to.include({ name: "a new task", type: "testing", status: "created", last_iteration: 0 });
      expect(task.last_update).to.equal(task.created);
      expect(task).to.not.have.any.keys("status_changed", "status_message", "started", "parent", "project", "comment");
      expect(task.execution).to.deep.equal({ test_split: 0, parameters: {}, model_desc: {}, model_labels: {}, artifacts: [] });
      expect(task.script).to.deep.equal({ binary: "python", repository: "", entry_point: "", requirements: {} });
      expect(task.models).to.deep.equal({ input: [], output: [] });
      expect(task.unique_metrics).to.deep.equal([]);
    });

    it("stores each part in its own form", async () => {
      const task = await read(
        await server.task({
          tags: ["b", "a", "a"],
          output_dest: "s3://bucket",
          container: { " image ": "python:3", arguments: null },
          execution: { queue: "q", zz: 1, model_labels: { " cat": "2" }, artifacts: [{ key: "k", type: "t", zz: 1, timestamp: 1.5 }] },
          script: { repository: " git@host:repo ", diff: " keeps its space " },
          hyperparams: { Args: { lr: { section: "Args", name: "lr", value: "1" } } },
          models: { input: [], output: [{ name: "m", model: "unknown" }] },
          runtime: { "a.b": 1 },
        }),
      );
      expect(task.tags).to.deep.equal(["a", "a", "b"]);
      expect(task.output).to.deep.equal({ destination: "s3://bucket" });
      expect(task.container).to.deep.equal({ image: "python:3", arguments: null });
      expect(task.execution).to.deep.include({ queue: "q", model_labels: { cat: 2 } });
      expect(task.execution.artifacts).to.deep.equal([{ key: "k", type: "t", mode: "output", timestamp: 1, display_data: [] }]);
      expect(task.script).to.include({ repository: "git@host:repo", diff: " keeps its space " });
      expect(task.models.output[0]).to.include({ name: "m", model: "unknown" }).and.to.have.property("updated");
      expect(task.runtime).to.deep.equal({ "a.b": 1 });
    });

    it("moves its project's last update", async () => {
      const id = await project("create here");
      const before = await touched(id);
      await setTimeout(2);
      await server.task({ project: id });
      expect((await touched(id)) > before).to.equal(true);
    });

    it("refuses what is not there, and what cannot be stored", async () => {
      const cases: [object, string][] = [
        [{ parent: "nope" }, "400/16 Invalid value for fields (expecting Task id): id=nope, field=parent"],
        [{ project: "" }, "400/16 Invalid value for fields (expecting Project id): id=, field=project"],
        [{ hyperparams: [] }, "400/16 Invalid value for fields (expecting dict): field=hyperparams"],
        [{ tags: ["__$x"] }, "400/16 Invalid value for fields (unsupported tag prefix): values=(__$x)"],
        [{ models: { input: [{ name: "m", model: "nope" }] } }, "400/201 Invalid model id: models=(nope)"],
        [{ script: { zz: "1" } }, "400/12 Validation error: document=Script, field=zz"],
        [{ hyperparams: { A: { b: { zz: "1" } } } }, "400/12 Validation error: document=ParamsItem, field=zz"],
        [
          { hyperparams: { A: { b: { type: "t" } } } },
          "400/800 Data validation error: hyperparams={'A': {'b': {'value': ValidationError(Field is required,)}}}",
        ],
        [{ container: { " ": "x" } }, "400/12 Validation error (Empty key is not allowed)"],
        [{ execution: { model_labels: { "": 1 } } }, "400/12 Validation error (Empty key is not allowed)"],
        [{ name: "\u{1F600}\u{1F600}" }, "400/800 Data validation error: name=String value is too short"],
        [{ name: " ab " }, "400/800 Data validation error: name=String value is too short"],
        [{ parent: 5 }, "400/16 Invalid value for fields (expecting Task id): id=5, field=parent"],
        [{ hyperparams: { A: { b: 5 } } }, "500/0 'int' object is not a mapping: b"],
        [{ execution: { artifacts: [{ type: "t" }] } }, "500/0 'key'"],
        [{ tags: [1] }, "500/0 'int' object has no attribute 'startswith'"],
      ];
      for (const [fields, text] of cases) expect(await refused("tasks.create", { ...FRESH, ...fields })).to.equal(text);
      for (const fields of UNSTORABLE)
        expect(await refused("tasks.create", { ...FRESH, ...fields })).to.contain("400/800 Data validation error");
      expect((await server.call("tasks.create", { ...FRESH, type: "zz" })).subcode).to.equal(12);
    });

    it("refuses a public project", async () => {
      const id = await project("public project");
      await server.ask("projects.make_public", { ids: [id] });
      expect(await refused("tasks.create", { ...FRESH, project: id })).to.equal(
        `403/21 Forbidden (modification not allowed) (cannot modify public project(s), ids=('${id}',))`,
      );
    });
  });

  describe("tasks.validate", () => {
    it("checks as create does, stores nothing, and is content with a whole task whose parent was deleted", async () => {
      const count = async (): Promise<number> => (await server.ask("tasks.get_all", { only_fields: ["id"] })).tasks.length;
      const before = await count();
      for (const fields of UNSTORABLE) expect(await server.ask("tasks.validate", { ...FRESH, ...fields })).to.deep.equal({});
      const cases: [object, string][] = [
        [{ parent: "nope" }, "400/16"],
        [{ tags: ["__$x"] }, "400/16"],
        [{ script: { zz: "1" } }, "400/12 Validation error: document=Script, field=zz"],
        [{ configuration: { " ": { value: "1" } } }, "400/12"],
        [{ models: { input: [{ name: "m", model: "nope" }] } }, "400/201"],
        [{ hyperparams: { A: { b: 5 } } }, "500/0"],
      ];
      for (const [fields, text] of cases) expect(await refused("tasks.validate", { ...FRESH, ...fields })).to.contain(text);
      const parent = await server.task();
      const child = await server.task({ parent });
      await server.ask("tasks.delete", { task: parent });
      const whole = await read(child);
      expect(whole.parent).to.equal(`__DELETED__${parent}`);
      expect(await server.ask("tasks.validate", whole)).to.deep.equal({});
      expect(await refused("tasks.create", { ...FRESH, parent: whole.parent })).to.contain("400/16");
      expect(await count()).to.equal(before + 1);
    });
  });

  describe("tasks.edit", () => {
    it("merges objects, replaces maps, and shows what it wrote", async () => {
      const task = await server.task({ script: { repository: "r", branch: "b" }, runtime: { a: 1 }, output_dest: "s3://a" });
      const { updated, fields } = await server.ask("tasks.edit", {
        task,
        name: " new name ",
        script: { branch: "c" },
        runtime: { b: 2 },
        output_dest: "s3://b",
        comment: null,
      });
      expect(updated).to.equal(1);
      expect(fields).to.have.all.keys("name", "script", "runtime", "output", "last_change", "last_changed_by", "last_update");
      expect(fields.name).to.equal(" new name ");
      expect(fields.script).to.include({ repository: "r", branch: "c" });
      const after = await read(task);
      expect(after).to.deep.include({
        name: "new name",
        runtime: { b: 2 },
        output: { destination: "s3://b" },
        last_update: fields.last_update,
      });
      expect(after.script).to.deep.equal(fields.script);
    });

    it("of names, tags and project alone is no news of the run", async () => {
      const task = await server.task();
      const before = await read(task);
      await setTimeout(2);
      const { fields } = await server.ask("tasks.edit", { task, tags: ["z", "y"], comment: "words" });
      expect(fields).to.have.all.keys("tags", "comment", "last_change", "last_changed_by");
      const after = await read(task);
      expect(after).to.deep.include({ tags: ["y", "z"], comment: "words", last_update: before.last_update });
      expect(after.last_change > before.last_change).to.equal(true);
    });

    it("is for drafts, or with force for all; type and status are taken as they come", async () => {
      const task = await server.task();
      await server.ask("tasks.edit", { task, status: "completed", type: "bogus" });
      expect(await read(task)).to.include({ status: "completed", type: "bogus" });
      expect(await refused("tasks.edit", { task, comment: "x" })).to.equal(
        "400/110 Invalid task status: expected=created, status=completed",
      );
      await server.ask("tasks.edit", { task, comment: "x", force: true });
      expect((await read(task)).comment).to.equal("x");
    });

    it("refuses what create refuses, and nothing at all changes nothing", async () => {
      const task = await server.task();
      expect(await server.ask("tasks.edit", { task, comment: null })).to.deep.equal({ updated: 0, fields: {} });
      expect(await refused("tasks.edit", { task, parent: "" })).to.contain("400/16");
      expect(await refused("tasks.edit", { task, name: "x" })).to.contain("400/800");
      expect(await refused("tasks.edit", { task: "nope", name: "x" })).to.match(/^400\/101 Invalid task id: id=nope, company=\w+$/);
    });
  });

  describe("tasks.update", () => {
    it("changes names and texts in any status, and says so", async () => {
      const id = await project("update here");
      const task = await server.task();
      await server.ask("tasks.started", { task });
      const before = await read(task);
      const given = { name: " other name ", tags: ["b", "a", "a"], project: id, status_message: "words", output__error: "broken" };
      const { updated, fields } = await server.ask("tasks.update", { task, ...given, created: "2020-01-01T00:00:00", type: "testing" });
      expect(updated).to.equal(1);
      expect(fields).to.have.all.keys(...Object.keys(given), "last_change", "last_changed_by");
      expect(fields).to.deep.include({ name: " other name ", tags: ["a", "a", "b"] });
      const after = await read(task);
      expect(after).to.deep.include({ name: "other name", tags: ["a", "a", "b"], project: id, status_message: "words", type: "training" });
      expect(after).to.deep.include({ output: { error: "broken" }, created: before.created, last_update: before.last_update });
    });

    it("of nothing that counts does nothing; an unknown project is refused", async () => {
      const task = await server.task();
      expect(await server.ask("tasks.update", { task, created: "2020-01-01" })).to.deep.equal({ updated: 0, fields: {} });
      expect(await refused("tasks.update", { task, project: "nope" })).to.contain("400/16 Invalid value for fields (expecting Project id)");
      expect(await refused("tasks.update", { task, name: "ab" })).to.contain("400/800");
    });
  });

  describe("tasks.update_batch", () => {
    const batch = async (lines: object[]): Promise<Reply> =>
      await server.call("tasks.update_batch", lines.map((line) => JSON.stringify(line)).join("\n"), { type: "application/json-lines" });

    it("takes the last line of each task, raw", async () => {
      const [a, b] = [await server.task({ comment: "before" }), await server.task()];
      const { data } = await batch([
        { task: a, name: "lost" },
        { task: b, comment: "two" },
        { task: a, name: " x " },
      ]);
      expect(data).to.deep.equal({ updated: 2 });
      expect(await read(a)).to.include({ name: " x ", comment: "before" });
      expect((await read(b)).comment).to.equal("two");
    });

    it("is one object too; a line without changes is not counted", async () => {
      const task = await server.task();
      expect(await server.ask("tasks.update_batch", { task, comment: "one" })).to.deep.equal({ updated: 1 });
      expect((await read(task)).comment).to.equal("one");
      expect((await batch([{ task }])).data).to.deep.equal({ updated: 0 });
    });

    it("writes nothing when a task is unknown", async () => {
      const task = await server.task();
      expect(await batch([{ task, comment: "lost" }, { task: "nope" }])).to.include({
        subcode: 101,
        message: "Invalid task id: ids=(nope)",
      });
      expect(await read(task)).to.not.have.property("comment");
      expect((await batch([{ comment: "x" }])).status).to.equal(500);
    });
  });

  describe("tasks.set_requirements", () => {
    it("replaces the requirements in any status", async () => {
      const task = await server.task({ script: { repository: "r", requirements: { pip: "a", conda: "b" } } });
      await server.ask("tasks.edit", { task, status: "published" });
      expect(await server.ask("tasks.set_requirements", { task, requirements: { pip: ["six"] } })).to.deep.equal({
        updated: 1,
        fields: {},
      });
      expect((await read(task)).script).to.deep.include({ repository: "r", requirements: { pip: ["six"] } });
      expect(await refused("tasks.set_requirements", { task, requirements: "six" })).to.contain("400/12");
    });
  });

  describe("tasks.move", () => {
    it("moves to a project, found or made by name, or out of all", async () => {
      const ids = [await server.task(), await server.task()];
      const { project_id: made } = await server.ask("tasks.move", { ids, project_name: "moved/here" });
      expect((await read(ids[1] as string)).project).to.equal(made);
      const other = await project("moved away");
      const before = await touched(made);
      await setTimeout(2);
      expect(await server.ask("tasks.move", { ids, project: other, project_name: "ignored name" })).to.deep.equal({ project_id: other });
      expect((await touched(made)) > before).to.equal(true);
      expect(await server.ask("tasks.move", { ids, project: null })).to.deep.equal({ project_id: null });
      expect(await read(ids[0] as string)).to.not.have.property("project");
    });

    it("refuses without a target, with an unknown one, and with unknown tasks: then none moves", async () => {
      const task = await server.task();
      expect(await refused("tasks.move", { ids: [task] })).to.equal("400/11 Missing required fields (project or project_name is required)");
      expect(await refused("tasks.move", { ids: [task], project: "nope" })).to.equal("400/401 Invalid project id: id=nope");
      expect(await refused("tasks.move", { ids: [task, "nope"], project_name: "some project" })).to.equal(
        "400/101 Invalid task id: ids=(nope)",
      );
      expect(await read(task)).to.not.have.property("project");
    });
  });

  describe("tasks.update_tags", () => {
    it("adds, then removes, and counts both", async () => {
      const [a, b] = [await server.task({ tags: ["x", "x", "y"] }), await server.task()];
      expect(await server.ask("tasks.update_tags", { ids: [a, b], add_tags: ["z", "w"], remove_tags: ["x", "w"] })).to.deep.equal({
        updated: 4,
      });
      expect((await read(a)).tags).to.deep.equal(["y", "z"]);
      expect((await read(b)).tags).to.deep.equal(["z"]);
    });

    it("refuses with no tags, and with unknown tasks", async () => {
      const task = await server.task();
      expect(await refused("tasks.update_tags", { ids: [task] })).to.equal(
        "400/12 Validation error (Either add tags or remove tags should be provided)",
      );
      expect(await refused("tasks.update_tags", { ids: [task, "nope"], add_tags: ["a"] })).to.equal("400/101 Invalid task id: ids=(nope)");
      expect((await read(task)).tags).to.deep.equal([]);
    });
  });

  describe("writes to a public task", () => {
    it("are refused, by whichever call", async () => {
      const task = await server.task();
      await server.ask("tasks.make_public", { ids: [task] });
      const text = `403/21 Forbidden (modification not allowed) (cannot modify public task(s), ids=('${task}',))`;
      for (const endpoint of [
        "tasks.edit",
        "tasks.update",
        "tasks.stopped",
        "tasks.reset",
        "tasks.delete",
        "tasks.enqueue",
        "tasks.publish",
      ])
        expect(await refused(endpoint, { task, comment: "x" }), endpoint).to.equal(text);
      expect(await refused("tasks.update_tags", { ids: [task], add_tags: ["x"] })).to.equal(text);
      expect(await refused("tasks.archive", { tasks: [task] })).to.equal(text);
      expect(await server.ask("tasks.ping", { task })).to.deep.equal({});
      expect(await read(task))
        .to.include({ status: "created", company: "" })
        .and.to.deep.include({ tags: [] });
    });
  });
});
