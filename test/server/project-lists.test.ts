import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

let server: EmbeddedServer;
let user: string;
let [lab, inner, other] = ["", "", ""];

const made = async (name: string, fields: object = {}): Promise<string> => (await server.ask("projects.create", { name, ...fields })).id;
const args = (values: Record<string, string>): object => ({
  Args: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { section: "Args", name, value }])),
});
const point = (task: string, metric: string, variant: string): object => ({
  type: "training_stats_scalar",
  task,
  metric,
  variant,
  iter: 1,
  value: 1,
});

describe("lists of what is in projects", () => {
  before(async () => {
    server = await EmbeddedServer.start();
    user = (await server.ask("users.get_current_user")).user.id;
    [lab, inner, other] = [
      await made("lab", { tags: ["pl"] }),
      await made("lab/inner", { tags: ["pi"], system_tags: ["ps"] }),
      await made("other"),
    ];
    const parent = await server.task({
      name: "Parent",
      project: other,
      hyperparams: { General: { seed: { section: "General", name: "seed", value: "1" } } },
    });
    const first = await server.task({ project: lab, parent, hyperparams: args({ lr: "10", bs: "x" }), tags: ["b", "a"] });
    const second = await server.task({
      project: inner,
      hyperparams: args({ lr: "9" }),
      tags: ["c"],
      system_tags: ["archived"],
      parent: first,
    });
    await server.task({ name: "nowhere", hyperparams: args({ lr: "100" }) });
    await server.lines([point(first, "loss", "train"), point(second, "acc", "val")]);
    const model = { uri: "file:///m", name: "a model" };
    await server.ask("models.create", {
      ...model,
      project: lab,
      tags: ["mt"],
      metadata: { "k.1": { key: "k.1", type: "int", value: "10" } },
    });
    await server.ask("models.create", {
      ...model,
      project: inner,
      metadata: { "k.1": { key: "k.1", type: "int", value: "9" }, kk: { key: "kk", type: "str", value: "v" } },
    });
  });
  after(async () => await server[Symbol.asyncDispose]());

  describe("projects.get_hyper_parameters", () => {
    const parameters = async (body: object): Promise<object> => await server.ask("projects.get_hyper_parameters", body);

    it("lists sections and names in and below a project, in pages whose total is their own", async () => {
      const [bs, lr] = [
        { section: "Args", name: "bs" },
        { section: "Args", name: "lr" },
      ];
      expect(await parameters({ project: lab })).to.deep.equal({ total: 2, remaining: 0, parameters: [bs, lr] });
      expect(await parameters({ project: lab, page: 1, page_size: 1 })).to.deep.equal({ total: 1, remaining: 0, parameters: [lr] });
      expect(await parameters({ project: lab, page: -1, page_size: 0 })).to.deep.equal({ total: 1, remaining: 0, parameters: [bs] });
      expect(await parameters({ project: inner })).to.deep.equal({ total: 1, remaining: 0, parameters: [lr] });
    });

    it("without a project takes all tasks, or those of no project", async () => {
      expect(await parameters({})).to.deep.include({ total: 3 });
      expect(await parameters({ include_subprojects: false })).to.deep.include({ parameters: [{ section: "Args", name: "lr" }] });
    });
  });

  describe("projects.get_hyperparam_values", () => {
    const values = async (body: object): Promise<object> =>
      (await server.ask("projects.get_hyperparam_values", { section: "Args", name: "lr", ...body })).values;

    it("lists distinct values in the order of their numbers", async () => {
      expect(await values({ projects: [lab] })).to.deep.equal(["9", "10"]);
      expect(await values({ projects: [lab], include_subprojects: false })).to.deep.equal(["10"]);
      expect(await values({ projects: [null] })).to.deep.equal(["100"]);
      expect(await values({ projects: [null, inner] })).to.deep.equal(["9", "100"]);
      expect(await values({ pattern: "^1" })).to.deep.equal(["10", "100"]);
      expect(await values({ page: 1, page_size: 2 })).to.deep.equal(["100"]);
      expect(await values({ name: "bs", pattern: "X" })).to.deep.equal(["x"]);
    });

    it("refuses a pattern that is none, and a request without section", async () => {
      const bad = await server.call("projects.get_hyperparam_values", { section: "Args", name: "lr", pattern: "(" });
      expect([bad.status, bad.subcode]).to.deep.equal([400, 21]);
      const missing = await server.call("projects.get_hyperparam_values", { name: "lr" });
      expect([missing.status, missing.subcode]).to.deep.equal([400, 12]);
    });
  });

  describe("projects.get_model_metadata_keys", () => {
    it("lists the keys of the models in and below a project", async () => {
      expect(await server.ask("projects.get_model_metadata_keys", { project: lab })).to.deep.equal({
        total: 2,
        remaining: 0,
        keys: ["k.1", "kk"],
      });
      expect((await server.ask("projects.get_model_metadata_keys", { project: lab, include_subprojects: false })).keys).to.deep.equal([
        "k.1",
      ]);
    });
  });

  describe("projects.get_model_metadata_values", () => {
    it("lists the values of one key", async () => {
      const body = { projects: [lab], key: "k.1" };
      expect(await server.ask("projects.get_model_metadata_values", body)).to.deep.equal({ total: 2, values: ["9", "10"] });
      expect(await server.ask("projects.get_model_metadata_values", { ...body, projects: [other] })).to.deep.equal({
        total: 0,
        values: [],
      });
    });
  });

  describe("projects.get_unique_metric_variants", () => {
    it("lists what the tasks reported, by metric and variant", async () => {
      const { metrics } = await server.ask("projects.get_unique_metric_variants", { project: lab });
      expect(metrics.map((one: { metric: string; variant: string }) => [one.metric, one.variant])).to.deep.equal([
        ["acc", "val"],
        ["loss", "train"],
      ]);
      expect(metrics[0].metric_hash).to.match(/^[0-9a-f]{32}$/);
      expect((await server.ask("projects.get_unique_metric_variants", { project: inner })).metrics).to.have.length(1);
      expect((await server.ask("projects.get_unique_metric_variants", { ids: ["nobody"] })).metrics).to.deep.equal([]);
      expect((await server.ask("projects.get_unique_metric_variants", { model_metrics: true })).metrics).to.deep.equal([]);
    });
  });

  describe("projects.get_task_parents", () => {
    const parents = async (body: object): Promise<{ name: string; project?: object }[]> =>
      (await server.ask("projects.get_task_parents", body)).parents;

    it("lists existing parents with their projects, by name", async () => {
      const all = await parents({ projects: [lab] });
      expect(all.map((parent) => [parent.name, parent.project])).to.deep.equal([
        ["Parent", { id: other, name: "other" }],
        ["a task", { id: lab, name: "lab" }],
      ]);
    });

    it("chooses by the state of the children and the name of the parent", async () => {
      expect((await parents({ projects: [lab], tasks_state: "archived" })).map((parent) => parent.name)).to.deep.equal(["a task"]);
      expect((await parents({ projects: [lab], tasks_state: "active" })).map((parent) => parent.name)).to.deep.equal(["Parent"]);
      expect((await parents({ task_name: "^Par" })).map((parent) => parent.name)).to.deep.equal(["Parent"]);
      expect(await parents({ projects: [other] })).to.deep.equal([]);
    });

    it("takes the children's third state for no choice, and refuses others", async () => {
      expect(await parents({ projects: [lab], tasks_state: "hidden" })).to.have.length(2);
      const message = `Validation error (error for field 'tasks_state': ('value is wrong, expected type "entityvisibility"', 'zz').)`;
      expect(await server.call("projects.get_task_parents", { tasks_state: "zz" })).to.include({ status: 400, subcode: 12, message });
    });
  });

  describe("projects.get_task_tags", () => {
    it("lists the tags in and below projects, system tags when asked", async () => {
      expect(await server.ask("projects.get_task_tags", { projects: [lab] })).to.deep.equal({ tags: ["a", "b", "c"] });
      expect(await server.ask("projects.get_task_tags", { projects: [inner], include_system: true })).to.deep.equal({
        tags: ["c"],
        system_tags: ["archived"],
      });
      expect(await server.ask("projects.get_task_tags", { filter: { system_tags: ["__$not", "archived"] } })).to.deep.equal({
        tags: ["a", "b"],
      });
    });
  });

  describe("projects.get_model_tags", () => {
    it("lists the tags of models", async () => {
      expect(await server.ask("projects.get_model_tags", { projects: [lab] })).to.deep.equal({ tags: ["mt"] });
      expect(await server.ask("projects.get_model_tags", { projects: [inner], include_system: true })).to.deep.equal({
        tags: [],
        system_tags: [],
      });
    });
  });

  describe("projects.get_project_tags", () => {
    it("lists the tags of the projects themselves", async () => {
      expect(await server.ask("projects.get_project_tags", { projects: [lab] })).to.deep.equal({ tags: ["pi", "pl"], system_tags: [] });
      expect(await server.ask("projects.get_project_tags", { include_system: true, filter: { tags: ["pi"] } })).to.deep.equal({
        tags: ["pi"],
        system_tags: ["ps"],
      });
    });
  });

  describe("projects.get_user_names", () => {
    it("lists who made tasks or models there", async () => {
      const me = [{ id: user, name: (await server.ask("users.get_current_user")).user.name }];
      expect(await server.ask("projects.get_user_names", { projects: [inner] })).to.deep.equal({ users: me });
      expect(await server.ask("projects.get_user_names", { projects: [lab], entity: "model" })).to.deep.equal({ users: me });
      expect(await server.ask("projects.get_user_names", { projects: [other], entity: "model" })).to.deep.equal({ users: [] });
    });
  });
});
