import { createHash } from "node:crypto";
import { expect } from "chai";
import { Database } from "../../server/store/database.ts";
import { databaseOf, EmbeddedServer } from "../support/embedded-server.ts";

let server: EmbeddedServer;
let task: string;
let project: string;
let parent: string;
let model: string;

async function first(endpoint: string, only_fields: unknown, more: object = {}): Promise<object> {
  const [service = ""] = endpoint.split(".");
  return (await server.ask(endpoint, { id: [task], only_fields, ...more }))[service][0];
}

async function refusal(endpoint: string, only_fields: unknown): Promise<string> {
  const { status, subcode, message } = await server.call(endpoint, { only_fields });
  return `${status}/${subcode} ${message}`;
}

const LOOKUP = "400/14 Lookup error (probably an invalid field name or unsupported nested field): err=Cannot resolve field";

before(async () => {
  server = await EmbeddedServer.start();
  project = (await server.ask("projects.create", { name: "outer/inner", description: "d" })).id;
  parent = await server.task({ name: "the parent", project });
  model = (await server.ask("models.create", { name: "the model", uri: "u://x", task: parent })).id;
  task = await server.task({ name: "the task", project, parent, models: { input: [{ name: "in", model }] }, script: { branch: "main" } });
});
after(() => server[Symbol.asyncDispose]());

describe("tasks.get_all", () => {
  it("gives exactly what is asked for", async () => {
    expect(await first("tasks.get_all", ["name"])).to.deep.equal({ name: "the task" });
    expect(await first("tasks.get_all", ["id", "script.branch", "project"])).to.deep.equal({
      id: task,
      script: { branch: "main" },
      project,
    });
    expect(await first("tasks.get_all", ["name"], { projection: ["type"] })).to.deep.equal({ type: "training" });
    expect(await first("tasks.get_all", ["models.input.model"])).to.deep.equal({ models: { input: [{ model }] } });
  });

  it("leaves a shell where a branch is absent", async () => {
    expect(await first("tasks.get_all", ["execution.queue"])).to.deep.equal({ execution: {} });
  });

  it("gives all but what is excluded; beside inclusions exclusions do not count", async () => {
    const all = await first("tasks.get_all", ["-name", "-script.branch"]);
    expect(all).to.include({ id: task, type: "training" }).and.not.have.property("name");
    expect((all as { script: object }).script).to.not.have.property("branch");
    expect(await first("tasks.get_all", ["type", "-type"])).to.deep.equal({ type: "training" });
  });

  it("refuses what there is not, and references that it does not follow", async () => {
    expect(await refusal("tasks.get_all", ["bogus"])).to.equal(`${LOOKUP} "bogus"`);
    expect(await refusal("tasks.get_all", ["execution.zzz"])).to.equal(`${LOOKUP} "zzz"`);
    expect(await refusal("tasks.get_all", ["parent.name"])).to.equal(`${LOOKUP} "name"`);
    expect(await refusal("tasks.get_all", "name")).to.equal(`${LOOKUP} "n"`);
    expect(await first("tasks.get_all", ["hyperparams.bogus.x"])).to.deep.equal({ hyperparams: {} });
  });
});

describe("tasks.get_all_ex", () => {
  it("gives the id always, and references as objects", async () => {
    expect(await first("tasks.get_all_ex", ["name", "parent", "project"])).to.deep.equal({
      id: task,
      name: "the task",
      parent: { id: parent },
      project: { id: project },
    });
    const whole = (await first("tasks.get_all_ex", undefined)) as Record<string, object>;
    expect(whole["company"]).to.have.all.keys("id");
    expect(whole["user"]).to.have.all.keys("id");
    expect(whole["models"]).to.have.nested.property("input[0].model").that.deep.equals({ id: model });
  });

  it("joins what is asked of references, several levels deep", async () => {
    expect(await first("tasks.get_all_ex", ["project.name", "company.name", "parent.project.basename"])).to.deep.equal({
      id: task,
      project: { id: project, name: "outer/inner" },
      company: { id: (await company()).id, name: "clearml" },
      parent: { id: parent, project: { id: project, basename: "inner" } },
    });
    expect(await first("tasks.get_all_ex", ["models.input.model.task.name"])).to.deep.equal({
      id: task,
      models: { input: [{ model: { id: model, task: { id: parent, name: "the parent" } } }] },
    });
  });

  it("joins whole objects, whose own references are objects too", async () => {
    const { project: whole } = (await first("tasks.get_all_ex", ["project.*"])) as { project: Record<string, unknown> };
    expect(whole).to.include({ id: project, name: "outer/inner", description: "d" });
    expect(whole["parent"]).to.have.all.keys("id");
    expect(whole["path"]).to.have.length(1);
  });

  it("shows the artifacts of a joined task by their keys and modes, those of its own as a list", async () => {
    const artifact = { key: "k", type: "t", mode: "output", display_data: [] };
    const above = await server.task({ execution: { artifacts: [artifact] } });
    const below = await server.task({ parent: above, execution: { artifacts: [artifact] } });
    const found = await first("tasks.get_all_ex", ["parent.execution.artifacts", "execution.artifacts"], { id: [below] });
    const raw = { "8ce4b16b22b58894aa86c421e8759df3_output": artifact };
    expect(found).to.deep.equal({ id: below, execution: { artifacts: [artifact] }, parent: { id: above, execution: { artifacts: raw } } });
  });

  it("drops a path inside another asked one", async () => {
    expect(await first("tasks.get_all_ex", ["project", "project.name"])).to.deep.equal({ id: task, project: { id: project } });
  });

  it("has no key for an unset reference, and the id alone for one that leads nowhere", async () => {
    const lonely = await server.task({ name: "lonely", parent });
    expect(await first("tasks.get_all_ex", ["project.name"], { id: [lonely] })).to.deep.equal({ id: lonely });
    write("UPDATE tasks SET parent = '__DELETED__x' WHERE id = ?", lonely);
    expect(await first("tasks.get_all_ex", ["parent.name"], { id: [lonely] })).to.deep.equal({
      id: lonely,
      parent: { id: "__DELETED__x" },
    });
  });

  it("gives hidden fields for *", async () => {
    write("UPDATE tasks SET enqueue_status = 'created' WHERE id = ?", task);
    expect(await first("tasks.get_all_ex", ["*"])).to.include({ enqueue_status: "created", name: "the task" });
    expect(await first("tasks.get_all_ex", undefined)).to.not.have.property("enqueue_status");
  });

  it("shows a token that is limited to its own task nothing of other tasks", async () => {
    const token = await server.runToken({ windlass_task: task, windlass_only_task: true });
    const body = { id: [task], only_fields: ["parent.*", "project.name"] };
    const { tasks } = await server.ask("tasks.get_all_ex", body, { token });
    expect(tasks).to.deep.equal([{ id: task, parent: { id: parent }, project: { id: project, name: "outer/inner" } }]);
    const { models } = await server.ask("models.get_all_ex", { id: [model], only_fields: ["task.name"] }, { token });
    expect(models).to.deep.equal([{ id: model, task: { id: parent } }]);
  });

  it("refuses what there is not, also behind a reference", async () => {
    expect(await refusal("tasks.get_all_ex", ["bogus", "name"])).to.equal(
      "400/14 Fields not defined for object: fields=(bogus), object=Task",
    );
    expect(await refusal("tasks.get_all_ex", ["project.bogus"])).to.equal(
      "400/14 Fields not defined for object: fields=(bogus), object=Project",
    );
    expect(await refusal("tasks.get_all_ex", ["execution.zzz"])).to.equal(`${LOOKUP} "zzz"`);
  });

  it("shows own and public tasks, none of others, and only own ones on demand", async () => {
    const [open, foreign] = [await server.task({ name: "open one" }), await server.task({ name: "foreign one" })];
    write("UPDATE tasks SET company = '' WHERE id = ?", open);
    write("UPDATE tasks SET company = 'another' WHERE id = ?", foreign);
    const names = async (more: object): Promise<string[]> =>
      (await server.ask("tasks.get_all_ex", { id: [open, foreign, task], ...more })).tasks.map((one: { name: string }) => one.name);
    expect(await names({})).to.have.members(["open one", "the task"]);
    expect(await names({ allow_public: false })).to.deep.equal(["the task"]);
    expect((await server.ask("tasks.get_all", { id: [foreign] })).tasks).to.deep.equal([]);
  });

  it("widens projects to what is below them", async () => {
    const { projects } = await server.ask("projects.get_all", { name: "^outer$" });
    const names = async (more: object): Promise<string[]> =>
      (await server.ask("tasks.get_all_ex", { order_by: ["name"], ...more })).tasks.map((one: { name: string }) => one.name);
    expect(await names({ project: projects[0].id })).to.deep.equal([]);
    expect(await names({ project: projects[0].id, include_subprojects: true })).to.deep.equal(["the parent", "the task"]);
    expect(await names({ project: [projects[0].id], include_subprojects: true, type: "testing" })).to.deep.equal([]);
  });
});

describe("tasks.get_by_id_ex", () => {
  it("gives the tasks that there are, hidden ones too", async () => {
    const hidden = await server.task({ name: "hidden one", system_tags: ["hidden"] });
    const { tasks } = await server.ask("tasks.get_by_id_ex", { id: [hidden, "nope"], only_fields: ["name"] });
    expect(tasks).to.deep.equal([{ id: hidden, name: "hidden one" }]);
    expect((await server.ask("tasks.get_by_id_ex", { id: task, only_fields: ["project.name"] })).tasks).to.deep.equal([
      { id: task, project: { id: project, name: "outer/inner" } },
    ]);
  });

  it("wants an id", async () => {
    const { status, subcode, message } = await server.call("tasks.get_by_id_ex", {});
    expect([status, subcode, message]).to.deep.equal([400, 11, "Missing required fields: missing=(id)"]);
  });
});

describe("models.get_all_ex", () => {
  it("shows the artifacts of a joined task as they are stored: by their keys", async () => {
    const artifacts = [{ key: "a key", type: "t", uri: "u" }];
    const owner = await server.task({ execution: { artifacts } });
    const { id } = await server.ask("models.create", { name: "with artifacts", uri: "u", task: owner });
    const asked = async (path: string): Promise<{ execution: { artifacts: object } }> =>
      (await server.ask("models.get_all_ex", { id: [id], only_fields: [path] })).models[0].task;
    for (const path of ["task.*", "task.execution", "task.execution.artifacts"]) {
      const { execution } = await asked(path);
      expect(execution.artifacts).to.have.all.keys(`${createHash("md5").update("a key").digest("hex")}_output`);
    }
    const bare = await server.ask("tasks.get_all_ex", { id: [await server.task({ parent: task })], only_fields: ["parent.*"] });
    expect(bare.tasks[0].parent.execution.artifacts).to.deep.equal({});
  });

  it("joins tasks and projects, and filters by metadata", async () => {
    const metadata = { "a.b": { key: "a.b", type: "int", value: "7" } };
    const { id } = await server.ask("models.create", { name: "with metadata", uri: "u://y", metadata });
    const filter = { "metadata.a%2Eb.value": ["7"] };
    const { models } = await server.ask("models.get_all_ex", { ...filter, only_fields: ["metadata.a%2Eb.value"] });
    expect(models).to.deep.equal([{ id, metadata: { "a.b": { value: "7" } } }]);
    const joined = await server.ask("models.get_all_ex", { id: [model], only_fields: ["task.project.name"] });
    expect(joined.models).to.deep.equal([{ id: model, task: { id: parent, project: { id: project, name: "outer/inner" } } }]);
    expect((await server.call("models.get_all_ex", { "metadata.a.b.c": ["7"] })).message).to.equal(
      "Validation error (invalid field): path=metadata.a.b.c",
    );
  });
});

describe("queues.get_all", () => {
  it("gives entries when they are asked for, as many as are asked for", async () => {
    const { id } = await server.ask("queues.create", { name: "some queue" });
    const tasks = [];
    for (const name of ["one", "two", "three"]) tasks.push(await server.task({ name }));
    for (const one of tasks) await server.ask("queues.add_task", { queue: id, task: one });
    const entries = async (more: object): Promise<string[]> => {
      const reply = await server.ask("queues.get_all", { id: [id], only_fields: ["entries"], ...more });
      expect(reply.queues[0]).to.have.all.keys("entries");
      return reply.queues[0].entries.map((entry: { task: string }) => entry.task);
    };
    expect(await entries({})).to.deep.equal(tasks);
    expect(await entries({ max_task_entries: 1 })).to.deep.equal(tasks.slice(0, 1));
    expect(await entries({ max_task_entries: -2 })).to.deep.equal(tasks.slice(1));
    expect((await server.ask("queues.get_all", { id: [id], only_fields: ["name"] })).queues).to.deep.equal([{ name: "some queue" }]);
  });

  it("hides queues of Kubernetes but for those who name them", async () => {
    const { id } = await server.ask("queues.create", { name: "glue queue", system_tags: ["k8s-glue"] });
    const found = async (body: object): Promise<boolean> =>
      (await server.ask("queues.get_all", body)).queues.some((queue: { id: string }) => queue.id === id);
    expect(await found({})).to.equal(false);
    for (const body of [{ search_hidden: true }, { id: [id] }, { name: "^glue" }]) expect(await found(body)).to.equal(true);
  });
});

async function company(): Promise<{ id: string }> {
  return (await server.ask("users.get_current_user")).user.company;
}

function write(sql: string, ...values: string[]): void {
  const db = new Database(databaseOf(server), { readonly: false });
  db.run(sql, ...values);
  db.close();
}
