import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

let server: EmbeddedServer;
let user: string;
const ids = new Map<string, string>();

const made = async (name: string, fields: object = {}): Promise<string> => {
  const { id } = await server.ask("projects.create", { name, ...fields });
  ids.set(name, id);
  return id as string;
};
const idOf = (name: string): string => ids.get(name) ?? "";
// biome-ignore lint/suspicious/noExplicitAny: what the wire gives
type Found = any;
const found = async (body: object, endpoint = "projects.get_all_ex"): Promise<Found[]> => (await server.ask(endpoint, body)).projects;
const names = async (body: object, endpoint?: string): Promise<string[]> =>
  (await found(body, endpoint)).map((project) => project.name).toSorted();
const one = async (name: string, body: object): Promise<Found> => (await found({ id: [idOf(name)], ...body }))[0];
const finished = async (project: string, fields: object = {}): Promise<string> => {
  const task = await server.task({ project, ...fields });
  await server.ask("tasks.started", { task });
  await server.ask("tasks.completed", { task, force: true });
  return task;
};

describe("queries of projects", () => {
  before(async () => {
    server = await EmbeddedServer.start();
    user = (await server.ask("users.get_current_user")).user.id;
    await made("vision", { tags: ["cv"], description: "pictures" });
    await made("vision/detect");
    await made("vision/detect/fast");
    await made("vision/secret", { system_tags: ["hidden"] });
    await made("vision/secret/open");
    await made("other");
    await made("vision/.pipelines", { system_tags: ["hidden", "pipeline"] });
    await made("vision/.pipelines/pipe", { system_tags: ["hidden", "pipeline"], tags: ["pt"] });
    await made("vision/.datasets", { system_tags: ["hidden"] });
    await made("vision/.datasets/data", { system_tags: ["hidden", "dataset"], tags: ["dt"] });
    await server.task({ project: idOf("vision"), name: "own draft" });
    await finished(idOf("vision"), { name: "own run" });
    await finished(idOf("vision"), { name: "archived run", system_tags: ["archived"] });
    await server.task({ project: idOf("vision/detect/fast"), type: "testing" });
    await server.task({ project: idOf("vision/secret") });
    await server.task({ project: idOf("vision/secret/open") });
    await server.task({ project: idOf("vision/.pipelines/pipe"), type: "controller", system_tags: ["pipeline"] });
    await server.task({ project: idOf("vision/.datasets/data"), runtime: { ds_file_count: 3, ds_total_size: 42 } });
    await server.ask("models.create", { name: "own model", uri: "file:///m", project: idOf("vision") });
  });
  after(async () => await server[Symbol.asyncDispose]());

  describe("projects.get_all", () => {
    const all = "projects.get_all";

    it("finds what is below a parent, directly or at any depth, and the top level", async () => {
      expect(await names({ parent: [idOf("vision")] }, all)).to.deep.equal(["vision/detect", "vision/detect/fast", "vision/secret/open"]);
      expect(await names({ parent: [idOf("vision")], shallow_search: true }, all)).to.deep.equal(["vision/detect"]);
      expect(await names({ shallow_search: true }, all))
        .to.include.members(["vision", "other"])
        .and.not.to.include("vision/detect");
      expect(await names({ parent: [null] }, all)).to.deep.equal(await names({ shallow_search: true }, all));
    });

    it("leaves hidden projects out unless they are looked for, or asked for by id", async () => {
      expect(await names({ name: "secret$" }, all)).to.deep.equal([]);
      expect(await names({ name: "secret$", search_hidden: true }, all)).to.deep.equal(["vision/secret"]);
      expect(await names({ id: [idOf("vision/secret")] }, all)).to.deep.equal(["vision/secret"]);
    });

    it("takes neither path, user nor featured for a filter, and shows no path", async () => {
      const projects = await found({ path: ["nobody"], user: ["nobody"], featured: 1, name: "^other$" }, all);
      expect(projects.map((project) => project.id)).to.deep.equal([idOf("other")]);
      expect(projects[0]).not.to.have.property("path");
      expect(projects[0].user).to.equal(user);
    });

    it("walks with a scroll", async () => {
      const first = await server.ask(all, { scroll_id: null, size: 2, name: "^vision" });
      expect(first.projects).to.have.length(2);
      const next = await server.ask(all, { scroll_id: first.scroll_id, size: 2, name: "^vision" });
      expect(next.projects).to.have.length(2);
      expect(next.projects[0].id).not.to.equal(first.projects[0].id);
    });
  });

  describe("projects.get_all_ex", () => {
    it("knows a project's logo, that none has, and the states of its figures", async () => {
      const body = { only_fields: ["name", "logo_url", "logo_blob"], include_stats: true, stats_for_state: "hidden" };
      const project = await one("other", body);
      expect(project).to.have.all.keys("id", "name", "stats", "sub_projects");
    });

    it("counts the tasks of a project and of those below it that are not hidden", async () => {
      const project = await one("vision", { include_stats: true });
      expect(project.stats.active).to.deep.include({ total_tasks: 4, total_runtime: 0, completed_tasks_24h: 1 });
      expect(project.stats.active.status_count).to.deep.equal({
        closed: 0,
        completed: 1,
        created: 3,
        failed: 0,
        in_progress: 0,
        published: 0,
        publishing: 0,
        queued: 0,
        stopped: 0,
        unknown: 0,
      });
      expect(project.stats.active.last_task_run).to.match(/^20\d\d-.*\+00:00$/);
      expect(project.stats).not.to.have.property("archived");
      expect(project.sub_projects.map((below: Found) => below.name)).to.deep.equal([
        "vision/detect",
        "vision/detect/fast",
        "vision/secret/open",
      ]);
      expect(project.user.id).to.equal(user);
      expect((await one("other", { include_stats: true })).stats.active).to.deep.include({ total_tasks: 0, last_task_run: null });
    });

    it("adds whole seconds of the finished runs", async () => {
      const id = await made("timed");
      const task = await server.task({ project: id });
      await server.ask("tasks.started", { task });
      await new Promise((resolve) => setTimeout(resolve, 1050));
      await server.ask("tasks.completed", { task, force: true });
      expect((await one("timed", { include_stats: true })).stats.active.total_runtime).to.equal(1);
    });

    it("looks into hidden ones with search_hidden, and marks them", async () => {
      const project = await one("vision", { include_stats: true, search_hidden: true });
      expect(project.stats.active.total_tasks).to.equal(7);
      const secret = await one("vision/secret", { search_hidden: true, only_fields: ["name"] });
      expect(secret).to.deep.equal({ id: idOf("vision/secret"), name: "vision/secret", hidden: true });
      expect(project).not.to.have.property("hidden");
    });

    it("keeps to the project itself without stats_with_children", async () => {
      const project = await one("vision", { include_stats: true, stats_with_children: false });
      expect(project.stats.active.total_tasks).to.equal(2);
      expect(project.sub_projects).to.deep.equal([]);
    });

    it("filters the tasks of the figures", async () => {
      const tested = { include_stats: true, include_stats_filter: { type: ["testing"] } };
      expect((await one("vision", tested)).stats.active.total_tasks).to.equal(1);
      const archived = { include_stats: true, include_stats_filter: { system_tags: ["archived"] } };
      expect((await one("vision", archived)).stats.active.total_tasks, "archived is replaced").to.equal(4);
      const refused = await server.call("projects.get_all_ex", { include_stats: true, include_stats_filter: { type: [] } });
      expect([refused.status, refused.subcode, refused.message]).to.deep.equal([
        400,
        12,
        "Validation error (Non empty list or dictionary expected for the field: type)",
      ]);
    });

    it("checks a project's own contents", async () => {
      expect(await one("vision", { check_own_contents: true })).to.include({ own_tasks: 2, own_models: 1 });
      const body = { check_own_contents: true, include_stats_filter: { type: ["training"] } };
      expect(await one("vision", body)).to.include({ own_tasks: 2, own_models: 0 });
      const archived = { check_own_contents: true, include_stats_filter: { system_tags: ["archived"] } };
      expect(await one("vision", archived)).to.include({ own_tasks: 1, own_models: 0 });
      expect(await one("other", { check_own_contents: true })).to.include({ own_tasks: 0, own_models: 0 });
    });

    it("chooses the projects with pipelines, whose figures are those of their runs", async () => {
      const body = { children_type: "pipeline", search_hidden: true };
      expect(await names(body)).to.deep.equal(["vision", "vision/.pipelines", "vision/.pipelines/pipe"]);
      expect(await names({ children_type: "pipeline" }), "the hidden rule applies still").to.deep.equal(["vision"]);
      const project = await one("vision", { children_type: "pipeline", include_stats: true });
      expect(project.stats.active.total_tasks).to.equal(1);
      expect(await names({ ...body, children_tags: ["nobody"] })).to.deep.equal([]);
      expect(await names({ ...body, children_tags_filter: { any: { include: ["pt"] } } })).to.include("vision");
    });

    it("counts datasets, by project", async () => {
      const project = await one("vision", { children_type: "dataset", include_stats: true, check_own_contents: true });
      expect(project.stats).to.deep.equal({ datasets: { count: 1, tags: ["dt"] } });
      expect(project.own_datasets).to.equal(0);
      const holder = await one("vision/.datasets", { children_type: "dataset", check_own_contents: true });
      expect(holder.own_datasets).to.equal(1);
    });

    it("shows the size of a dataset's newest version", async () => {
      const data = await one("vision/.datasets/data", { include_dataset_stats: true });
      expect(data.dataset_stats).to.deep.equal({ file_count: 3, total_size: 42 });
      expect((await one("other", { include_dataset_stats: true })).dataset_stats).to.equal(null);
    });

    it("chooses by reports and by users", async () => {
      await made("reported/.reports", { system_tags: ["hidden", "reports"] });
      await server.task({ project: idOf("reported/.reports"), system_tags: ["hidden", "reports"], tags: ["rt"] });
      expect(await names({ children_type: "report" })).to.deep.equal(["reported"]);
      expect(await names({ children_type: "report", children_tags: ["zz"] })).to.deep.equal([]);
      expect(await server.ask("projects.get_all_ex", { active_users: ["nobody"], scroll_id: null, size: 5 })).to.deep.equal({
        projects: [],
      });
      expect(await names({ children_type: "report", active_users: ["nobody"] })).to.deep.equal([]);
      expect(await names({ children_type: "report", active_users: [user] })).to.deep.equal(["reported"]);
      expect(await names({ active_users: [user], name: "^other$" })).to.deep.equal(["other"]);
    });

    it("leaves public projects out when asked", async () => {
      await made("published project");
      await server.ask("projects.make_public", { ids: [idOf("published project")] });
      expect(await names({ name: "^published" })).to.deep.equal(["published project"]);
      expect(await names({ name: "^published", allow_public: false })).to.deep.equal([]);
      expect(await names({ name: "^published", non_public: true })).to.deep.equal([]);
      const refused = await server.call("projects.update", { project: idOf("published project"), description: "mine" });
      expect([refused.status, refused.subcode, refused.message]).to.deep.equal([
        403,
        21,
        `Forbidden (modification not allowed) (cannot modify public project(s), ids=('${idOf("published project")}',))`,
      ]);
      expect((await server.call("projects.create", { name: "published project/below" })).subcode).to.equal(414);
    });
  });
});
