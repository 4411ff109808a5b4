import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

let server: EmbeddedServer;
let company: string;

const made = async (name: string, fields: object = {}): Promise<string> =>
  (await server.ask("projects.create", { name, ...fields })).id as string;
const project = async (id: string): Promise<Record<string, unknown>> => (await server.ask("projects.get_by_id", { project: id })).project;
const idOf = async (name: string): Promise<string> =>
  (await server.ask("projects.get_all", { name: `^${name.replaceAll(".", "\\.")}$`, search_hidden: true })).projects[0]?.id as string;
const refusal = async (endpoint: string, body: object): Promise<[number, number, string]> => {
  const { status, subcode, message } = await server.call(endpoint, body);
  return [status, subcode, message];
};

describe("projects", () => {
  before(async () => {
    server = await EmbeddedServer.start();
    company = (await server.ask("users.get_current_user")).user.company.id;
  });
  after(async () => await server[Symbol.asyncDispose]());

  describe("projects.create", () => {
    it("makes the missing parents and tidies the parts of the name", async () => {
      const id = await made(" made // middle /  leaf ", { tags: ["z", "a"], default_output_destination: " s3://b " });
      const leaf = await project(id);
      const [top, middle] = [await idOf("made"), await idOf("made/middle")];
      expect(leaf).to.include({ name: "made/middle/leaf", basename: "leaf", parent: middle, description: "", featured: 9999 });
      expect(leaf).to.deep.include({ path: [top, middle], tags: ["a", "z"], system_tags: [], default_output_destination: "s3://b" });
      expect(await project(top)).to.deep.include({ path: [], tags: [], description: "" });
      expect(await project(top)).not.to.have.property("parent");
    });

    it("moves the last_update of the project right above", async () => {
      const parent = await made("touched parent");
      const before = (await project(parent))["last_update"];
      await new Promise((resolve) => setTimeout(resolve, 5));
      await made("touched parent/child");
      expect(String((await project(parent))["last_update"]) > String(before)).to.equal(true);
    });

    it("refuses names that are taken, too short, too deep, or none", async () => {
      await made("taken");
      expect(await refusal("projects.create", { name: "taken" })).to.deep.equal([
        400,
        801,
        `Project with the same name already exists: name=taken, company=${company}`,
      ]);
      expect(await refusal("projects.create", { name: "ab/long enough" })).to.deep.equal([
        400,
        12,
        "Validation error (Project name cannot be blank)",
      ]);
      expect(await refusal("projects.create", { name: "/" })).to.deep.equal([400, 407, "Invalid project name: name=/"]);
      const [status, subcode, message] = await refusal("projects.create", { name: Array(11).fill("deep").join("/") });
      expect([status, subcode]).to.deep.equal([400, 409]);
      expect(message).to.match(/: max_depth=10$/);
      expect((await refusal("projects.create", { name: "aaa/ /bbb" })).slice(0, 2)).to.deep.equal([500, 0]);
      expect((await refusal("projects.create", { name: 5 })).slice(0, 2)).to.deep.equal([500, 0]);
      expect(await refusal("projects.create", {})).to.deep.equal([400, 11, "Missing required fields: missing=(name)"]);
      expect(await idOf("deep")).to.equal(undefined);
    });
  });

  describe("projects.get_by_id", () => {
    it("shows the whole document, and refuses an id of no project", async () => {
      const id = await made("read back", { description: "words" });
      expect(await project(id)).to.include({ id, name: "read back", description: "words" });
      expect(await refusal("projects.get_by_id", { project: "nope" })).to.deep.equal([400, 401, "Invalid project id: id=nope"]);
    });
  });

  describe("projects.get_all_ex", () => {
    it("below 2.3 knows one list of tags, and so do the other calls", async () => {
      const { id } = await server.ask("v2.2/projects.create", { name: "of old", tags: ["archived", "x"] });
      expect(await project(id)).to.deep.include({ tags: ["x"], system_tags: ["archived"] });
      await server.ask("v2.2/projects.update", { project: id, tags: ["y", "public"] });
      expect(await project(id)).to.deep.include({ tags: ["y"], system_tags: ["public"] });
      const shown = [(await server.ask("v2.2/projects.get_by_id", { project: id })).project];
      for (const list of ["get_all", "get_all_ex"]) shown.push((await server.ask(`v2.2/projects.${list}`, { id: [id] })).projects[0]);
      expect(shown.map(({ tags }) => tags)).to.deep.equal(Array(3).fill(["public", "y"]));
    });
  });

  describe("projects.update", () => {
    it("renames what is below, and echoes what was asked", async () => {
      const id = await made("old name");
      const below = await made("old name/below/deeper");
      const { updated, fields } = await server.ask("projects.update", { project: id, name: "new name", tags: ["b", "a"] });
      expect({ updated, fields }).to.deep.equal({ updated: 1, fields: { name: "new name", tags: ["a", "b"] } });
      expect(await project(id)).to.include({ name: "new name", basename: "new name" });
      expect(await project(below)).to.include({ name: "new name/below/deeper", basename: "deeper" });
    });

    it("clears description and destination with null, and ignores a null name", async () => {
      const id = await made("cleared", { description: "d", default_output_destination: "s3://x" });
      const body = { project: id, name: null, description: null, default_output_destination: null };
      expect((await server.ask("projects.update", body)).fields).to.deep.equal({
        name: null,
        description: null,
        default_output_destination: null,
      });
      const after = await project(id);
      expect(after).to.include({ name: "cleared" });
      expect(after).not.to.have.any.keys("description", "default_output_destination");
    });

    it("counts as an update without fields, and refuses another place, a taken name and an unknown id", async () => {
      const id = await made("place/of this");
      await made("place/other");
      expect(await server.ask("projects.update", { project: id })).to.deep.equal({ updated: 1, fields: {} });
      expect(await refusal("projects.update", { project: id, name: "elsewhere/of this" })).to.deep.equal([
        400,
        408,
        "Cannot update project location. use projects.move instead: name=elsewhere/of this",
      ]);
      expect((await refusal("projects.update", { project: id, name: "place/other" })).slice(0, 2)).to.deep.equal([400, 801]);
      expect(await refusal("projects.update", { project: "nope" })).to.deep.equal([400, 401, "Invalid project id: id=nope"]);
      expect(await project(id)).to.include({ name: "place/of this" });
    });
  });

  describe("projects.move", () => {
    it("hangs a project with all below it under a new parent", async () => {
      const id = await made("mover/inner");
      const deep = await made("mover/inner/deep");
      expect(await server.ask("projects.move", { project: id, new_location: "target/made now" })).to.deep.equal({ moved: 2 });
      const [target, now] = [await idOf("target"), await idOf("target/made now")];
      expect(await project(id)).to.deep.include({ name: "target/made now/inner", parent: now, path: [target, now] });
      expect(await project(deep)).to.deep.include({ name: "target/made now/inner/deep", parent: id, path: [target, now, id] });
      expect(await server.ask("projects.move", { project: id, new_location: "" })).to.deep.equal({ moved: 2 });
      expect(await project(deep)).to.deep.include({ name: "inner/deep", path: [id] });
      expect(await project(id)).not.to.have.property("parent");
    });

    it("refuses the same place, its own children, a taken name, too deep a place and what is no project", async () => {
      const id = await made("stays");
      await made("stays/child");
      await made("crowded/stays");
      expect(await refusal("projects.move", { project: id, new_location: "" })).to.deep.equal([
        400,
        410,
        "Project has the same source and destination paths: location=",
      ]);
      expect((await refusal("projects.move", { project: id, new_location: "stays/child/new" })).slice(0, 2)).to.deep.equal([400, 411]);
      expect(await idOf("stays/child/new"), "the location has been made by then").to.be.a("string");
      expect((await refusal("projects.move", { project: id, new_location: "crowded" })).slice(0, 2)).to.deep.equal([400, 801]);
      const ten = Array(9).fill("lvl").join("/");
      expect((await refusal("projects.move", { project: id, new_location: ten })).slice(0, 2)).to.deep.equal([400, 409]);
      expect((await refusal("projects.move", { project: "nope", new_location: "x" })).slice(0, 2)).to.deep.equal([500, 0]);
      expect((await refusal("projects.move", { project: id })).slice(0, 2)).to.deep.equal([500, 0]);
      expect(await project(id)).to.include({ name: "stays" });
    });
  });

  describe("projects.merge", () => {
    it("moves what is not archived and the projects below, then the source is gone", async () => {
      const [source, destination] = [await made("merge source"), await made("merge target")];
      const sub = await made("merge source/sub/deeper");
      const [task, archived] = [await server.task({ project: source }), await server.task({ project: source, system_tags: ["archived"] })];
      const model = (await server.ask("models.create", { name: "a model", uri: "file:///m", project: source })).id;
      expect(await server.ask("projects.merge", { project: source, destination_project: destination })).to.deep.equal({
        moved_entities: 2,
        moved_projects: 1,
      });
      expect((await server.ask("tasks.get_by_id", { task })).task.project).to.equal(destination);
      expect((await server.ask("models.get_by_id", { model })).model.project).to.equal(destination);
      expect((await server.ask("tasks.get_by_id", { task: archived })).task.project).to.equal(source);
      expect(await project(sub)).to.include({ name: "merge target/sub/deeper" });
      expect((await refusal("projects.get_by_id", { project: source }))[1]).to.equal(401);
    });

    it("without a destination goes to the top level and to no project", async () => {
      const source = await made("dissolved");
      await made("dissolved/freed project");
      const task = await server.task({ project: source });
      await server.ask("projects.merge", { project: source });
      expect((await server.ask("tasks.get_by_id", { task })).task).not.to.have.property("project");
      expect(await idOf("freed project")).to.be.a("string");
    });

    it("refuses itself, its own child and unknown ids; of a clash of names the moved entities stay moved", async () => {
      const [source, destination] = [await made("clash source"), await made("clash target")];
      const child = await made("clash source/same");
      await made("clash target/same");
      const task = await server.task({ project: source });
      expect(await refusal("projects.merge", { project: source, destination_project: source })).to.deep.equal([
        400,
        410,
        `Project has the same source and destination paths: source=${source}`,
      ]);
      expect((await refusal("projects.merge", { project: source, destination_project: child })).slice(0, 2)).to.deep.equal([400, 412]);
      expect((await refusal("projects.merge", { project: "nope" })).slice(0, 2)).to.deep.equal([500, 0]);
      expect((await refusal("projects.merge", { project: source, destination_project: destination })).slice(0, 2)).to.deep.equal([
        400, 801,
      ]);
      expect((await server.ask("tasks.get_by_id", { task })).task.project).to.equal(destination);
      expect(await project(source)).to.include({ name: "clash source" });
    });
  });

  describe("projects.validate_delete", () => {
    it("counts regular contents, pipelines and datasets apart", async () => {
      const root = await made("counted");
      await server.task({ project: root });
      await server.task({ project: root, system_tags: ["archived"] });
      await server.task({ project: await made("counted/plain"), system_tags: ["reports"] });
      await server.ask("models.create", { name: "counted model", uri: "file:///m", project: root });
      const pipeline = await made("counted/.pipelines/pipe", { system_tags: ["pipeline"] });
      await server.task({ project: pipeline, type: "controller" });
      const dataset = await made("counted/.datasets/data", { system_tags: ["dataset"] });
      await server.task({ project: dataset });
      expect(await server.ask("projects.validate_delete", { project: root })).to.deep.equal({
        pipelines: 1,
        datasets: 1,
        tasks: 2,
        non_archived_tasks: 1,
        models: 1,
        non_archived_models: 1,
        reports: 1,
        non_archived_reports: 1,
      });
      expect((await refusal("projects.validate_delete", { project: "nope" })).slice(0, 2)).to.deep.equal([400, 401]);
    });
  });

  describe("projects.delete", () => {
    it("takes the project away from its tasks and models", async () => {
      const root = await made("goes");
      const below = await made("goes/too");
      const task = await server.task({ project: below });
      await server.task({ project: root, system_tags: ["archived"] });
      expect(await server.ask("projects.delete", { project: root, force: true })).to.deep.equal({
        deleted: 2,
        disassociated_tasks: 2,
        deleted_models: 0,
        deleted_tasks: 0,
        urls: null,
      });
      expect((await server.ask("tasks.get_by_id", { task })).task).not.to.have.property("project");
      expect((await refusal("projects.get_by_id", { project: below }))[1]).to.equal(401);
    });

    it("deletes the contents too, and what stands elsewhere forgets them", async () => {
      const root = await made("with contents");
      const task = await server.task({
        project: root,
        execution: {
          artifacts: [
            { key: "out", type: "custom", uri: "http://f/out" },
            { key: "s", type: "custom", uri: "s3://b/o" },
          ],
        },
      });
      const model = (await server.ask("models.create", { name: "inner model", uri: "http://f/m", project: root, task })).id;
      const child = await server.task({ parent: task, models: { input: [{ name: "in", model }] } });
      const outer = (await server.ask("models.create", { name: "outer model", uri: "http://f/o", task })).id;
      const reply = await server.ask("projects.delete", { project: root, force: true, delete_contents: true });
      expect(reply).to.deep.equal({
        deleted: 1,
        disassociated_tasks: 0,
        deleted_models: 1,
        deleted_tasks: 1,
        urls: { model_urls: ["http://f/m"], artifact_urls: ["http://f/out"], event_urls: [] },
      });
      const left = (await server.ask("tasks.get_by_id", { task: child })).task;
      expect(left).not.to.have.property("parent");
      expect(left.models.input[0].model).to.equal("__DELETED__");
      expect((await server.ask("models.get_by_id", { model: outer })).model).not.to.have.property("task");
      expect((await refusal("tasks.get_by_id", { task }))[1]).to.equal(101);
    });

    it("pulls deleted output models off the tasks that made them, and marks them in published ones", async () => {
      const root = await made("models only");
      const makers = [await server.task(), await server.task()];
      for (const task of makers) {
        const model = (await server.ask("models.create", { name: "made model", uri: "file:///m", project: root, task })).id;
        await server.ask("tasks.add_or_update_model", { task, name: "out", model, type: "output" });
      }
      await server.ask("tasks.publish", { task: makers[1], force: true, publish_model: false });
      await server.ask("projects.delete", { project: root, force: true, delete_contents: true });
      const outputs = await Promise.all(makers.map(async (task) => (await server.ask("tasks.get_by_id", { task })).task.models.output));
      expect(outputs[0]).to.deep.equal([]);
      expect(outputs[1]).to.have.length(1);
      expect(outputs[1][0].model).to.equal("__DELETED__");
    });

    it("without force is refused by pipelines, then datasets, tasks, models", async () => {
      const root = await made("guarded");
      const expectRefused = async (subcode: number): Promise<void> => {
        expect((await refusal("projects.delete", { project: root, delete_contents: true })).slice(0, 2)).to.deep.equal([400, subcode]);
      };
      const model = (await server.ask("models.create", { name: "guard model", uri: "file:///m", project: root })).id;
      await expectRefused(405);
      const task = await server.task({ project: root });
      await expectRefused(402);
      expect((await refusal("projects.delete", { project: root }))[2]).to.equal(
        `Project has associated tasks (use force=true): id=${root}`,
      );
      await server.task({ project: await made("guarded/data", { system_tags: ["dataset"] }) });
      await expectRefused(406);
      await server.task({ project: await made("guarded/pipe", { system_tags: ["pipeline"] }), type: "controller" });
      await expectRefused(413);
      expect((await server.ask("tasks.get_by_id", { task })).task.project).to.equal(root);
      expect((await server.ask("models.get_by_id", { model })).model.project).to.equal(root);
      expect((await refusal("projects.delete", { project: "nope" }))[1]).to.equal(401);
    });
  });
});
