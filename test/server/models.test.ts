import { expect } from "chai";
import { COMPANY } from "../../server/store/store.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";

const NOWHERE = "f".repeat(32);

/** Answers follow the facts of an official server (clearml-services.md 3). */
describe("models", () => {
  let server: EmbeddedServer;
  before(async () => {
    server = await EmbeddedServer.start();
  });
  after(async () => await server[Symbol.asyncDispose]());

  let count = 0;
  const make = async (fields: object = {}): Promise<string> =>
    (await server.ask("models.create", { name: `model ${count++}`, uri: "file:///m", ...fields })).id as string;
  // biome-ignore lint/suspicious/noExplicitAny: what the wire gives
  const read = async (model: string): Promise<any> => (await server.ask("models.get_by_id", { model })).model;
  // biome-ignore lint/suspicious/noExplicitAny: what the wire gives
  const task = async (id: string): Promise<any> => (await server.ask("tasks.get_by_id", { task: id })).task;
  const project = async (): Promise<string> => (await server.ask("projects.create", { name: `project ${count++}` })).id as string;
  /** A task that made the model; published when asked for. */
  const maker = async (model: string, published = false): Promise<string> => {
    const id = await server.task();
    await server.ask("models.edit", { model, task: id });
    await server.ask("tasks.add_or_update_model", { task: id, type: "output", name: "out", model });
    if (!published) return id;
    for (const step of ["started", "stopped"]) await server.ask(`tasks.${step}`, { task: id });
    await server.ask("tasks.publish", { task: id, publish_model: false });
    return id;
  };

  describe("models.create", () => {
    it("keeps what is given, trimmed and sorted, and is ready by default", async () => {
      const metadata = { a: { key: "a", type: "str", value: "1" } };
      const id = await make({ name: "  a name ", uri: " u ", tags: ["b", "a"], labels: { cat: 1, dog: "2" }, metadata, comment: "c" });
      const model = await read(id);
      expect(model).to.deep.include({ name: "a name", uri: "u", tags: ["a", "b"], labels: { cat: 1, dog: 2 }, metadata, comment: "c" });
      expect(model).to.include({ ready: true, company: COMPANY, last_iteration: 0 });
      expect(model.last_change).to.equal(model.created);
    });

    it("makes a draft, and a public one that everybody reads and nobody writes", async () => {
      expect((await read(await make({ ready: false }))).ready).to.equal(false);
      const open = await make({ public: true });
      expect((await read(open)).company).to.equal("");
      expect(await server.call("models.edit", { model: open, comment: "x" })).to.include({ status: 400, subcode: 201 });
    });

    it("refuses a task and a project that are not there, a short name, and labels that are no numbers", async () => {
      const refusal = (fields: object) => server.call("models.create", { name: "a model", uri: "u", ...fields });
      expect(await refusal({ project: "nope" })).to.include({
        subcode: 12,
        message: "Validation error (Invalid project ids): project=nope",
      });
      expect(await refusal({ public: true, project: await project() })).to.include({ status: 400, subcode: 12 });
      expect(await refusal({ task: "nope" })).to.include({ subcode: 101, message: `Invalid task id: id=nope, company=${COMPANY}` });
      expect(await refusal({ name: "ab" })).to.include({ status: 400, subcode: 800 });
      expect(await refusal({ labels: { a: "s" } })).to.include({ status: 400, subcode: 800 });
      expect(await refusal({ labels: { a: 1.5 } })).to.include({ status: 400, subcode: 12 });
      expect(await refusal({ tags: ["__$x"] })).to.include({ status: 400, subcode: 16 });
    });
  });

  describe("models.get_by_id", () => {
    it("below 2.3 has one list of tags, written and read", async () => {
      const { id } = await server.ask("v2.2/models.create", { name: "of old", uri: "u", tags: ["archived", "x"] });
      expect(await read(id)).to.deep.include({ tags: ["x"], system_tags: ["archived"] });
      expect((await server.ask("v2.2/models.get_by_id", { model: id })).model.tags).to.deep.equal(["archived", "x"]);
      await server.ask("v2.2/models.edit", { model: id, tags: ["y", "active"] });
      expect(await read(id)).to.deep.include({ tags: ["y"], system_tags: ["active"] });
    });

    it("shows the whole model, and refuses an unknown one", async () => {
      const model = await read(await make({ framework: "fw" }));
      expect(model).to.deep.include({ framework: "fw", design: {}, labels: {}, metadata: {}, system_tags: [] });
      expect(model).to.not.have.any.keys("ui_cache", "company_origin");
      const message = `Invalid model id (no such public or company model): id=nope, company=${COMPANY}`;
      expect(await server.call("models.get_by_id", { model: "nope" })).to.include({ status: 400, subcode: 201, message });
    });

    it("shows metadata as a list below 2.17", async () => {
      const id = await make({ metadata: { a: { key: "a", type: "str", value: "1" } } });
      expect((await server.ask("v2.16/models.get_by_id", { model: id })).model.metadata).to.deep.equal([]);
      expect((await server.ask("v2.17/models.get_by_id", { model: id })).model.metadata).to.have.key("a");
      expect((await server.ask("v2.16/models.get_all", { id: [id] })).models[0].metadata).to.deep.equal([]);
    });
  });

  describe("models.get_by_id_ex", () => {
    it("finds by id, with references as objects", async () => {
      const place = await project();
      const id = await make({ project: place });
      const { models } = await server.ask("models.get_by_id_ex", { id: [id], only_fields: ["name", "project.name"] });
      expect(models).to.have.length(1);
      expect(models[0].project).to.include({ id: place });
      expect(models[0].project.name).to.match(/^project /);
    });

    it("takes all of a query beside the ids", async () => {
      const ids = [await make({ name: "one of two" }), await make({ name: "two of two", ready: false })];
      const found = async (query: object): Promise<string[]> =>
        (await server.ask("models.get_by_id_ex", { id: ids, ...query })).models.map((model: { id: string }) => model.id);
      expect(await found({ order_by: ["-name"] })).to.deep.equal(ids.toReversed());
      expect(await found({ ready: true })).to.deep.equal([ids[0]]);
      expect(await found({ order_by: ["name"], page: 1, page_size: 1 })).to.deep.equal([ids[1]]);
    });
  });

  describe("models.get_all", () => {
    it("finds by name and task", async () => {
      const id = await make({ name: "findable one" });
      const owner = await maker(id);
      expect((await server.ask("models.get_all", { name: "^findable" })).models.map((model: { id: string }) => model.id)).to.deep.equal([
        id,
      ]);
      expect((await server.ask("models.get_all", { task: [owner] })).models.map((model: { id: string }) => model.id)).to.deep.equal([id]);
    });

    it("orders metadata by the numbers in it", async () => {
      const ids = await Promise.all(
        ["10", "9", "1"].map((value) => make({ metadata: { "a.b": { key: "a.b", type: "int", value } }, tags: ["metadata"] })),
      );
      const body = { tags: ["metadata"], order_by: ["-metadata.a%2Eb.value"], only_fields: ["id"] };
      const { models } = await server.ask("models.get_all", body);
      expect(models.map((model: { id: string }) => model.id)).to.deep.equal(ids);
    });
  });

  describe("models.get_all_ex", () => {
    it("counts labels when asked", async () => {
      const id = await make({ labels: { cat: 1, dog: 2 } });
      const [model] = (await server.ask("models.get_all_ex", { id: [id], include_stats: true, only_fields: ["name"] })).models;
      expect(model.stats).to.deep.equal({ labels_count: 2 });
      expect(model).to.not.have.property("labels");
      expect((await server.ask("models.get_all_ex", { id: [id] })).models[0]).to.not.have.property("stats");
    });
  });

  describe("models.get_frameworks", () => {
    it("lists each once, of a project with those below it", async () => {
      const parent = (await server.ask("projects.create", { name: "frameworks" })).id as string;
      const child = (await server.ask("projects.create", { name: "frameworks/below" })).id as string;
      for (const [framework, place] of [
        ["torch", child],
        ["jax", child],
        ["keras", parent],
        ["torch", parent],
        ["", parent],
        ["elsewhere", await project()],
      ])
        await make({ framework, project: place });
      expect(await server.ask("models.get_frameworks", { projects: [parent] })).to.deep.equal({ frameworks: ["jax", "keras", "torch"] });
      expect((await server.ask("models.get_frameworks")).frameworks).to.include.members(["elsewhere", "keras", "torch"]);
      expect(await server.ask("models.get_frameworks", { projects: [NOWHERE] })).to.deep.equal({ frameworks: [] });
    });
  });

  describe("models.edit", () => {
    it("replaces maps whole, drops nulls, and forgets what the web app cached about another uri", async () => {
      const id = await make({ labels: { a: 1 }, comment: "c", ui_cache: { x: 1 } });
      const { updated, fields } = await server.ask("models.edit", {
        model: id,
        labels: { b: 2 },
        uri: "new",
        comment: null,
        tags: ["b", "a"],
      });
      expect(updated).to.equal(1);
      expect(fields).to.have.all.keys("labels", "uri", "tags", "ui_cache", "last_update", "last_change", "last_changed_by");
      expect(fields).to.deep.include({ labels: { b: 2 }, ui_cache: {}, tags: ["a", "b"] });
      expect(await read(id)).to.deep.include({ labels: { b: 2 }, uri: "new", comment: "c", tags: ["a", "b"] });
      expect((await server.ask("models.get_all", { id: [id], only_fields: ["ui_cache"] })).models[0].ui_cache).to.deep.equal({});
    });

    it("stores name and address without blanks around them, and shows them as they came", async () => {
      const id = await make();
      const { fields } = await server.ask("models.edit", { model: id, name: "  a name ", uri: " u " });
      expect(fields).to.include({ name: "  a name ", uri: " u " });
      expect(await read(id)).to.include({ name: "a name", uri: "u" });
    });

    it("moves last_update only with what the model consists of", async () => {
      const id = await make();
      const { fields } = await server.ask("models.edit", { model: id, comment: "c" });
      expect(fields).to.have.all.keys("comment", "last_change", "last_changed_by");
      expect((await read(id)).last_update).to.equal((await read(id)).created);
    });

    it("does nothing when nothing is given", async () => {
      expect(await server.ask("models.edit", { model: await make() })).to.deep.equal({ updated: 0, fields: {} });
    });

    it("takes publishing back, and raises the iteration of its task", async () => {
      const id = await make();
      const owner = await maker(id);
      await server.ask("models.edit", { model: id, ready: false, iteration: 7 });
      expect((await read(id)).ready).to.equal(false);
      await server.ask("models.edit", { model: id, iteration: 3 });
      expect((await task(owner)).last_iteration).to.equal(7);
      await server.ask("models.edit", { model: id, ready: "yes" });
      expect((await read(id)).ready).to.equal(true);
    });

    it("looks after references and labels, and passes over a deleted task", async () => {
      const id = await make();
      const refusal = (fields: object) => server.call("models.edit", { model: id, ...fields });
      const message = "Invalid value for fields (expecting Project id): id=nope, field=project";
      expect(await refusal({ project: "nope" })).to.include({ status: 400, subcode: 16, message });
      expect((await refusal({ task: "nope" })).message).to.equal("Invalid value for fields (expecting Task id): id=nope, field=task");
      expect((await refusal({ parent: "nope" })).message).to.equal("Invalid value for fields (expecting Model id): id=nope, field=parent");
      const labels = "Validation error (labels values must be integers): values=(s)";
      expect(await refusal({ labels: { a: "s", b: 1 } })).to.include({ status: 400, subcode: 12, message: labels });
      expect(await refusal({ metadata: [] })).to.include({ status: 400, subcode: 16 });
      for (const item of [5, { key: "a", type: "str" }])
        expect(await refusal({ metadata: { a: item } })).to.include({ status: 400, subcode: 800 });
      await server.ask("models.edit", { model: id, task: "__DELETED__x", comment: "kept" });
      expect(await read(id))
        .to.include({ comment: "kept" })
        .and.not.have.property("task");
      expect(await server.call("models.edit", { model: NOWHERE, comment: "x" })).to.include({ status: 400, subcode: 201 });
    });
  });

  describe("models.update", () => {
    it("stores nulls, ignores what only edit may change, and does not tell last_update", async () => {
      const id = await make({ comment: "c", framework: "torch" });
      const owner = await server.task();
      const body = {
        model: id,
        comment: null,
        tags: ["z"],
        framework: "keras",
        ready: false,
        task: owner,
        iteration: 4,
        project: "anything",
      };
      const { updated, fields } = await server.ask("models.update", body);
      expect(updated).to.equal(1);
      expect(fields).to.have.all.keys("comment", "tags", "project", "last_change", "last_changed_by");
      const model = await read(id);
      expect(model).to.include({ framework: "torch", ready: true, project: "anything" }).and.not.have.any.keys("comment", "task");
      expect(model.last_update).to.equal(model.last_change);
      expect((await task(owner)).last_iteration).to.equal(4);
    });

    it("refuses a task that cannot be written, and does nothing when nothing is given", async () => {
      const id = await make();
      expect(await server.call("models.update", { model: id, task: "nope" })).to.include({ status: 400, subcode: 101 });
      expect(await server.ask("models.update", { model: id, ready: false })).to.deep.equal({ updated: 0, fields: {} });
      const message = `Invalid model id: company=${COMPANY}, id=${NOWHERE}`;
      expect(await server.call("models.update", { model: NOWHERE, name: "abc" })).to.include({ status: 400, subcode: 201, message });
    });
  });

  describe("models.set_ready", () => {
    it("publishes a draft, and says so to whoever asks again", async () => {
      const id = await make({ ready: false });
      expect(await server.ask("models.set_ready", { model: id })).to.deep.equal({ updated: 1, fields: {} });
      expect((await read(id)).ready).to.equal(true);
      const message = `Model is ready: company=${COMPANY}, model=${id}`;
      expect(await server.call("models.set_ready", { model: id })).to.include({ status: 400, subcode: 203, message });
    });

    it("publishes its task first, where the task allows it or by force", async () => {
      const id = await make({ ready: false });
      const owner = await maker(id);
      const message = "Invalid task status (Invalid status change): current_status=created, new_status=published";
      expect(await server.call("models.set_ready", { model: id })).to.include({ status: 400, subcode: 110, message });
      expect((await read(id)).ready).to.equal(false);
      const { published_task } = await server.ask("models.set_ready", { model: id, force_publish_task: true });
      expect(published_task).to.include({ id: owner });
      expect(published_task.data).to.have.property("updated", 1);
      expect(published_task.data.fields).to.include({ status: "published" });
      expect((await task(owner)).status).to.equal("published");
      expect((await read(id)).ready).to.equal(true);
    });

    it("leaves the task alone when told so", async () => {
      const id = await make({ ready: false });
      const owner = await maker(id);
      expect(await server.ask("models.set_ready", { model: id, publish_task: false })).to.not.have.property("published_task");
      expect((await task(owner)).status).to.equal("created");
    });
  });

  describe("models.publish_many", () => {
    it("publishes each by itself", async () => {
      const [plain, owned, ready] = [await make({ ready: false }), await make({ ready: false }), await make()];
      const owner = await maker(owned);
      const { succeeded, failed } = await server.ask("models.publish_many", { ids: [plain, owned, ready], force_publish_task: true });
      expect(succeeded[0]).to.deep.equal({ id: plain, updated: true, published_task: null });
      expect(succeeded[1]).to.include({ id: owned, updated: true });
      expect(succeeded[1].published_task.id).to.equal(owner);
      expect(failed.map((item: { id: string; error: { codes: number[] } }) => [item.id, item.error.codes])).to.deep.equal([
        [ready, [400, 203]],
      ]);
      expect((await read(plain)).ready).to.equal(true);
    });
  });

  describe("models.archive_many", () => {
    it("adds the tag once, and reports who is not there", async () => {
      const id = await make({ system_tags: ["x"] });
      const { succeeded, failed } = await server.ask("models.archive_many", { ids: [id, id, NOWHERE] });
      expect(succeeded).to.deep.equal([
        { id, archived: true },
        { id, archived: true },
      ]);
      expect(failed[0].error.codes).to.deep.equal([400, 201]);
      const model = await read(id);
      expect(model.system_tags).to.deep.equal(["x", "archived"]);
      expect(model.last_update).to.equal(model.created);
    });
  });

  describe("models.unarchive_many", () => {
    it("takes the tag away", async () => {
      const id = await make({ system_tags: ["archived", "x"] });
      expect((await server.ask("models.unarchive_many", { ids: [id] })).succeeded).to.deep.equal([{ id, unarchived: true }]);
      expect((await read(id)).system_tags).to.deep.equal(["x"]);
    });
  });

  describe("models.add_or_update_metadata", () => {
    it("merges by key, or replaces everything", async () => {
      const id = await make();
      const item = (key: string, value: string): object => ({ key, type: "str", value });
      const add = (metadata: object[], rest: object = {}) => server.ask("models.add_or_update_metadata", { model: id, metadata, ...rest });
      expect(await add([item("a", "1"), item("b.c", "2")])).to.deep.equal({ updated: 1 });
      await add([item("a", "3")]);
      expect((await read(id)).metadata).to.deep.equal({ a: item("a", "3"), "b.c": item("b.c", "2") });
      await add([item("z", "4")], { replace_metadata: true });
      expect((await read(id)).metadata).to.deep.equal({ z: item("z", "4") });
    });

    it("refuses a public model", async () => {
      const [id, metadata] = [await make({ public: true }), [{ key: "a", type: "str", value: "1" }]];
      expect(await server.call("models.add_or_update_metadata", { model: id, metadata })).to.include({ status: 400, subcode: 201 });
    });
  });

  describe("models.delete_metadata", () => {
    it("takes the named keys away", async () => {
      const item = (key: string): object => ({ key, type: "str", value: "1" });
      const id = await make({ metadata: { a: item("a"), b: item("b") } });
      expect(await server.ask("models.delete_metadata", { model: id, keys: ["a", "unknown"] })).to.deep.equal({ updated: 1 });
      expect((await read(id)).metadata).to.deep.equal({ b: item("b") });
    });
  });

  describe("models.move", () => {
    it("moves into a project, into one by name, and out of all", async () => {
      const [id, place] = [await make(), await project()];
      expect(await server.ask("models.move", { ids: [id, NOWHERE], project: place })).to.deep.equal({ project_id: place });
      expect((await read(id)).project).to.equal(place);
      const made = (await server.ask("models.move", { ids: [id], project_name: "moved/here" })).project_id;
      expect((await server.ask("projects.get_by_id", { project: made })).project.name).to.equal("moved/here");
      expect((await read(id)).project).to.equal(made);
      const named = { project: null, project_name: "moved/there" };
      expect((await server.ask("models.move", { ids: [id], ...named })).project_id).to.equal((await read(id)).project);
      expect((await server.ask("models.move", { ids: [id], ...named, project: place })).project_id).to.equal(place);
      expect(await server.ask("models.move", { ids: [id], project: null })).to.deep.equal({ project_id: null });
      expect(await read(id)).to.not.have.property("project");
    });

    it("refuses no target and an unknown one", async () => {
      const ids = [await make()];
      const message = "Missing required fields (project or project_name is required)";
      expect(await server.call("models.move", { ids })).to.include({ status: 400, subcode: 11, message });
      expect(await server.call("models.move", { ids, project: "nope" })).to.include({ status: 400, subcode: 401 });
    });
  });

  describe("models.update_tags", () => {
    it("adds, then removes, counts both, and moves the project's last_update", async () => {
      const place = await project();
      const id = await make({ tags: ["a", "b"], project: place });
      const before = (await server.ask("projects.get_by_id", { project: place })).project.last_update;
      await new Promise((resolve) => setTimeout(resolve, 5));
      const body = { ids: [id, NOWHERE], add_tags: ["c", "a"], remove_tags: ["b"] };
      expect(await server.ask("models.update_tags", body)).to.deep.equal({ updated: 2 });
      expect((await read(id)).tags).to.deep.equal(["a", "c"]);
      const after = (await server.ask("projects.get_by_id", { project: place })).project.last_update;
      expect(Date.parse(after)).to.be.greaterThan(Date.parse(before));
      expect(await server.ask("models.update_tags", { ids: [NOWHERE], add_tags: ["c"] })).to.deep.equal({ updated: 0 });
    });

    it("wants one of the lists", async () => {
      const message = "Validation error (Either add tags or remove tags should be provided)";
      expect(await server.call("models.update_tags", { ids: [await make()], add_tags: [] })).to.include({
        status: 400,
        subcode: 12,
        message,
      });
    });
  });

  describe("models.delete", () => {
    it("takes a model out of the task that made it", async () => {
      const id = await make({ uri: "file:///away" });
      const owner = await maker(id);
      expect(await server.ask("models.delete", { model: id })).to.deep.equal({ deleted: true, url: "file:///away" });
      expect(await server.call("models.get_by_id", { model: id })).to.include({ subcode: 201 });
      expect((await task(owner)).models.output).to.deep.equal([]);
    });

    it("spares inputs of tasks, and marks them by force", async () => {
      const id = await make();
      const user = await server.task({ models: { input: [{ name: "in", model: id }] } });
      const message = "Model is used by tasks (as execution model, use force=True to delete): num_tasks=1";
      expect(await server.call("models.delete", { model: id })).to.include({ status: 400, subcode: 205, message });
      await server.ask("models.delete", { model: id, force: true });
      expect((await task(user)).models.input[0]).to.include({ name: "in", model: `__DELETED__${id}` });
    });

    it("spares the model of a published task, and marks it by force", async () => {
      const id = await make();
      const owner = await maker(id, true);
      const message = `Task that created this model exists (and published, use force=True to delete): task=${owner}`;
      expect(await server.call("models.delete", { model: id })).to.include({ status: 400, subcode: 206, message });
      await server.ask("models.delete", { model: id, force: true });
      const { models, output } = await task(owner);
      expect(models.output[0].model).to.equal(`__DELETED__${id}`);
      expect(output.error).to.match(/^model deleted on \d{4}-/);
    });
  });

  describe("models.delete_many", () => {
    it("deletes each by itself", async () => {
      const [free, used] = [await make({ uri: "file:///free" }), await make()];
      await server.task({ models: { input: [{ name: "in", model: used }] } });
      const { succeeded, failed } = await server.ask("models.delete_many", { ids: [free, used, free] });
      expect(succeeded).to.deep.equal([{ id: free, deleted: true, url: "file:///free" }]);
      const codes = failed.map((item: { id: string; error: { codes: number[] } }) => [item.id, item.error.codes[1]]);
      expect(codes).to.deep.equal([
        [used, 205],
        [free, 201],
      ]);
      expect((await read(used)).id).to.equal(used);
    });
  });

  describe("models.update_for_task", () => {
    it("makes the only output of a task, and then changes it", async () => {
      const id = await server.task({ name: "old style" });
      const made = await server.ask("v2.13/models.update_for_task", { task: id, uri: "file:///1", iteration: 5 });
      expect(made.created).to.equal(true);
      const model = await read(made.id);
      expect(model).to.include({ name: "old style", uri: "file:///1", ready: false, comment: `Created by task \`old style\` (${id})` });
      expect((await task(id)).models.output.map((item: { model: string }) => item.model)).to.deep.equal([made.id]);
      expect((await task(id)).last_iteration).to.equal(5);
      const again = await server.ask("v2.13/models.update_for_task", { task: id, uri: "file:///2" });
      expect(again).to.include({ id: made.id, created: false, updated: 1 });
      expect((await read(made.id)).uri).to.equal("file:///2");
      const other = await make();
      await server.ask("v2.13/models.update_for_task", { task: id, override_model_id: other });
      expect((await task(id)).models.output.map((item: { model: string }) => item.model)).to.deep.equal([other]);
    });

    it("refuses newer callers, both or none of its sources, and a task that has ended", async () => {
      const id = await server.task();
      expect(await server.call("v2.14/models.update_for_task", { task: id, uri: "u" })).to.include({ status: 301, subcode: 1 });
      expect(await server.call("v2.13/models.update_for_task", { task: id })).to.include({ status: 400, subcode: 11 });
      const both = { task: id, uri: "u", override_model_id: NOWHERE };
      expect(await server.call("v2.13/models.update_for_task", both)).to.include({ status: 400, subcode: 11 });
      for (const step of ["started", "stopped"]) await server.ask(`tasks.${step}`, { task: id });
      expect(await server.call("v2.13/models.update_for_task", { task: id, uri: "u" })).to.include({ status: 400, subcode: 110 });
    });
  });

  describe("models.get_by_task_id", () => {
    it("shows the last output model to old callers", async () => {
      const id = await server.task();
      expect(await server.call("v2.13/models.get_by_task_id", { task: id })).to.include({ status: 400, subcode: 122 });
      const made = await server.ask("v2.13/models.update_for_task", { task: id, uri: "u" });
      expect((await server.ask("v2.13/models.get_by_task_id", { task: id })).model).to.deep.include({ id: made.id, ui_cache: {} });
      expect(await server.call("models.get_by_task_id", { task: id })).to.include({ status: 301, subcode: 1 });
      expect(await server.call("v2.13/models.get_by_task_id", { task: "nope" })).to.include({ status: 400, subcode: 101 });
    });
  });
});
