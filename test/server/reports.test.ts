import { expect } from "chai";
import { shortened } from "../../server/services/shortened.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";

let server: EmbeddedServer;
let project: string;

// biome-ignore lint/suspicious/noExplicitAny: what the wire gives
type Found = any;
const made = async (fields: object = {}): Promise<{ id: string; project_id: string }> =>
  await server.ask("reports.create", { name: "a report", project, ...fields });
const task = async (id: string): Promise<Found> => (await server.ask("tasks.get_by_id", { task: id })).task;
const projectOf = async (id: string): Promise<Found> => (await server.ask("projects.get_by_id", { project: id })).project;
const refusal = async (endpoint: string, body: object): Promise<[number, number, string]> => {
  const { status, subcode, message } = await server.call(endpoint, body);
  return [status, subcode, message];
};

describe("reports", () => {
  before(async () => {
    server = await EmbeddedServer.start();
    project = (await server.ask("projects.create", { name: "studies" })).id;
  });
  after(async () => await server[Symbol.asyncDispose]());

  describe("reports.create", () => {
    it("makes a task of its type in a hidden folder, without the report's text", async () => {
      const { id, project_id: folder } = await made({ tags: ["b", "a"], comment: "words", report: "lost", report_assets: ["lost"] });
      const report = await task(id);
      expect(report).to.deep.include({ type: "report", status: "created", name: "a report", comment: "words", project: folder });
      expect(report).to.deep.include({ tags: ["a", "b"], system_tags: ["hidden", "reports"], report_assets: [] });
      expect(report).not.to.have.property("report");
      expect(await projectOf(folder)).to.deep.include({
        name: "studies/.reports",
        description: "Reports project",
        system_tags: ["hidden", "reports"],
        parent: project,
      });
    });

    it("uses the folder itself, one folder for all, and the top level without a project", async () => {
      const { project_id: folder } = await made();
      expect((await made({ project: folder })).project_id).to.equal(folder);
      const top = await server.ask("reports.create", { name: "top report" });
      expect((await projectOf(top.project_id)).name).to.equal(".reports");
    });

    it("refuses a short name and an unknown project", async () => {
      expect((await refusal("reports.create", { name: "ab" })).slice(0, 2)).to.deep.equal([400, 12]);
      const blank = [400, 800, "Data validation error: name=String value is too short"];
      expect(await refusal("reports.create", { name: " a   " })).to.deep.equal(blank);
      expect(await refusal("reports.update", { task: (await made()).id, name: "     " })).to.deep.equal(blank);
      expect((await refusal("reports.create", { name: "a report", project: "nope" })).slice(0, 2)).to.deep.equal([500, 0]);
    });
  });

  describe("reports.update", () => {
    it("stores the whole report and shows its beginning", async () => {
      const { id } = await made();
      const text = `${"word ".repeat(40)}end`;
      const reply = await server.ask("reports.update", {
        task: id,
        report: text,
        tags: ["z", "y"],
        report_assets: ["http://x"],
        type: "training",
      });
      expect(reply).to.deep.equal({
        updated: 1,
        fields: { report: `${"word ".repeat(18)}word [...]`, tags: ["y", "z"], report_assets: ["http://x"] },
      });
      expect(await task(id)).to.deep.include({ report: text, tags: ["y", "z"], report_assets: ["http://x"], type: "report" });
      expect(await server.ask("reports.update", { task: id, nothing: 1 })).to.deep.equal({ updated: 0, fields: {} });
    });

    it("of a published report changes name, tags and comment only", async () => {
      const { id } = await made();
      await server.ask("reports.publish", { task: id });
      await server.ask("reports.update", { task: id, name: "renamed", comment: "later" });
      expect(await task(id)).to.include({ name: "renamed", comment: "later", status: "published" });
      expect(await refusal("reports.update", { task: id, report: "late" })).to.deep.equal([
        400,
        110,
        "Invalid task status: expected=created, status=published",
      ]);
    });

    it("refuses what is no report and what is not there", async () => {
      const other = await server.task();
      expect(await refusal("reports.update", { task: other, comment: "c" })).to.deep.equal([
        400,
        150,
        `Passed task is not report: id=${other}`,
      ]);
      expect((await refusal("reports.update", { task: "nope", comment: "c" })).slice(0, 2)).to.deep.equal([400, 101]);
    });
  });

  describe("reports.move", () => {
    it("goes to the folder of another project, and an emptied folder is deleted", async () => {
      const lonely = (await server.ask("projects.create", { name: "lonely" })).id;
      const { id, project_id: before } = await made({ project: lonely });
      const { project_id: after } = await server.ask("reports.move", { task: id, project_name: "made for it" });
      expect((await task(id)).project).to.equal(after);
      expect((await projectOf(after)).name).to.equal("made for it/.reports");
      expect((await refusal("projects.get_by_id", { project: before }))[1]).to.equal(401);
      const top = await server.ask("reports.move", { task: id, project: null });
      expect((await projectOf(top.project_id)).name).to.equal(".reports");
      expect(await server.ask("reports.move", { task: id, project: lonely })).to.have.property("project_id");
      expect(await refusal("reports.move", { task: id })).to.deep.equal([
        400,
        11,
        "Missing required fields (project or project_name is required)",
      ]);
    });
  });

  describe("reports.publish", () => {
    it("publishes as often as asked, with a message", async () => {
      const { id } = await made();
      for (const message of ["first", "second"]) {
        const { updated, fields } = await server.ask("reports.publish", { task: id, message });
        expect(updated).to.equal(1);
        expect(fields).to.include({ status: "published", status_message: message, status_reason: "" });
        expect(await task(id)).to.include({ status: "published", status_message: message, published: fields.published });
      }
    });
  });

  describe("reports.archive", () => {
    it("sets the tag and the message", async () => {
      const { id } = await made();
      expect(await server.ask("reports.archive", { task: id, message: "old" })).to.deep.equal({ archived: 1 });
      expect(await task(id)).to.deep.include({ system_tags: ["archived", "hidden", "reports"], status_message: "old" });
    });
  });

  describe("reports.unarchive", () => {
    it("takes the tag away again", async () => {
      const { id } = await made();
      await server.ask("reports.archive", { task: id });
      expect(await server.ask("reports.unarchive", { task: id, message: "again" })).to.deep.equal({ unarchived: 1 });
      expect(await task(id)).to.deep.include({ system_tags: ["hidden", "reports"], status_message: "again" });
    });
  });

  describe("reports.delete", () => {
    it("deletes a published one too, and the emptied folder", async () => {
      const alone = (await server.ask("projects.create", { name: "alone" })).id;
      const { id, project_id: folder } = await made({ project: alone });
      await server.ask("reports.publish", { task: id });
      expect(await server.ask("reports.delete", { task: id })).to.deep.equal({ deleted: 1 });
      expect((await refusal("tasks.get_by_id", { task: id }))[1]).to.equal(101);
      expect((await refusal("projects.get_by_id", { project: folder }))[1]).to.equal(401);
    });
  });

  describe("reports.get_all_ex", () => {
    it("finds reports by the project above or by their folder", async () => {
      const home = (await server.ask("projects.create", { name: "home" })).id;
      const deep = (await server.ask("projects.create", { name: "home/deep" })).id;
      const [report, below] = [await made({ project: home }), await made({ project: deep })];
      const plain = await server.task({ project: home });
      const found = async (body: object): Promise<string[]> =>
        (await server.ask("reports.get_all_ex", { only_fields: ["name"], ...body })).tasks.map((one: Found) => one.id);
      expect(await found({ project: [home] })).to.deep.equal([report.id]);
      expect(await found({ project: [report.project_id] })).to.deep.equal([report.id]);
      expect(await found({ project: [home], include_subprojects: true })).to.have.members([report.id, below.id]);
      expect(await found({ id: [plain, report.id] })).to.deep.equal([report.id]);
      const empty = (await server.ask("projects.create", { name: "empty home" })).id;
      expect(await server.ask("reports.get_all_ex", { project: [empty] })).to.deep.equal({ tasks: [] });
    });
  });

  describe("reports.get_tags", () => {
    it("lists the tags of reports only", async () => {
      await made({ tags: ["rt"] });
      await server.task({ tags: ["tt"] });
      expect((await server.ask("reports.get_tags")).tags)
        .to.include("rt")
        .and.not.to.include("tt");
    });
  });

  describe("reports.get_task_data", () => {
    it("gives the tasks with the sections that were asked for", async () => {
      const id = await server.task({ name: "measured" });
      await server.lines([
        { type: "training_stats_scalar", task: id, metric: "m", variant: "v", iter: 1, value: 2 },
        { type: "training_stats_scalar", task: id, metric: "single", variant: "s", iter: -2147483648, value: 3 },
        { type: "training_debug_image", task: id, metric: "images", variant: "i", iter: 1, url: "http://x/i.png", key: "k" },
      ]);
      const query = { id: [id], only_fields: ["name"] };
      expect(await server.ask("reports.get_task_data", query)).to.deep.equal({ tasks: [{ id, name: "measured" }] });
      const data = await server.ask("reports.get_task_data", {
        ...query,
        debug_images: {},
        scalar_metrics_iter_histogram: {},
        single_value_metrics: {},
      });
      expect(data.scalar_metrics_iter_histogram.m.v[id]).to.deep.include({ name: "measured", x: [1], y: [2] });
      expect(data.single_value_metrics[0]).to.include({ task: id, task_name: "measured" });
      expect(data.debug_images[0].iterations[0].events[0]).to.include({ metric: "images", url: "http://x/i.png" });
      const chosen = { ...query, scalar_metrics_iter_histogram: { metrics: [{ metric: "other" }] } };
      expect((await server.ask("reports.get_task_data", chosen)).scalar_metrics_iter_histogram).to.deep.equal({});
      const none = { id: ["nobody"], plots: {}, single_value_metrics: {} };
      expect(await server.ask("reports.get_task_data", none)).to.deep.equal({ tasks: [], plots: {}, single_value_metrics: [] });
    });
  });

  it("a long report is cut between words or behind a hyphen", () => {
    expect(shortened("short  text\n here")).to.equal("short text here");
    expect(shortened("x".repeat(101))).to.equal("[...]");
    expect(shortened("x".repeat(100))).to.equal("x".repeat(100));
    expect(shortened(`${"a".repeat(60)}-${"b".repeat(60)}`)).to.equal(`${"a".repeat(60)}- [...]`);
    expect(shortened(`${"a".repeat(94)} ${"b".repeat(20)}`)).to.equal(`${"a".repeat(94)} [...]`);
    expect(shortened(`${"a".repeat(95)} ${"b".repeat(20)}`)).to.equal("[...]");
  });
});
