import { expect } from "chai";
import { Database } from "../../server/store/database.ts";
import { databaseOf, EmbeddedServer } from "../support/embedded-server.ts";

let server: EmbeddedServer;

beforeEach(async () => {
  server = await EmbeddedServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

function write(sql: string, ...values: string[]): void {
  const db = new Database(databaseOf(server), { readonly: false });
  db.run(sql, ...values);
  db.close();
}

async function refusal(endpoint: string, body: object): Promise<string> {
  const { status, subcode, message } = await server.call(endpoint, body);
  return `${status}/${subcode} ${message}`;
}

describe("organization.get_tags", () => {
  it("gives the tags of tasks and models, system tags on demand, filtered", async () => {
    await server.task({ tags: ["b", "t"], system_tags: ["development"] });
    await server.ask("models.create", { name: "a model", uri: "u://x", tags: ["a", "b"], system_tags: ["archived"] });
    const open = await server.task({ tags: ["public"] });
    write("UPDATE tasks SET company = '' WHERE id = ?", open);
    expect(await server.ask("organization.get_tags")).to.deep.equal({ tags: ["a", "b", "t"] });
    expect(await server.ask("organization.get_tags", { include_system: true })).to.deep.equal({
      tags: ["a", "b", "t"],
      system_tags: ["archived", "development"],
    });
    expect((await server.ask("organization.get_tags", { filter: { tags: ["a"] } })).tags).to.deep.equal(["a", "b"]);
    expect((await server.ask("organization.get_tags", { filter: { system_tags: ["__$not", "archived"] } })).tags).to.deep.equal(["b", "t"]);
  });
});

describe("organization.get_user_companies", () => {
  it("gives the one company with its users", async () => {
    const { user } = await server.ask("users.get_current_user");
    expect(await server.ask("organization.get_user_companies")).to.deep.equal({
      companies: [{ id: user.company.id, name: "clearml", allocated: 1, owners: [{ id: user.id, name: user.name, avatar: null }] }],
    });
  });
});

describe("organization.get_entities_count", () => {
  beforeEach(async () => {
    const { id: project } = await server.ask("projects.create", { name: "outer" });
    const { id: below } = await server.ask("projects.create", { name: "outer/inner", system_tags: ["hidden"] });
    await server.task({ name: "one", project, tags: ["x"] });
    await server.task({ name: "two", project: below, type: "controller", system_tags: ["hidden"] });
    await server.ask("models.create", { name: "a model", uri: "u://x" });
  });

  it("counts what is asked for, hidden ones only on demand among projects and tasks", async () => {
    const { projects } = await server.ask("projects.get_all", { name: "^outer$" });
    const counts = await server.ask("organization.get_entities_count", {
      projects: {},
      tasks: { tags: ["x"] },
      models: {},
      pipelines: { system_tags: ["hidden"] },
      pipeline_runs: { project: [projects[0].id] },
      reports: {},
    });
    expect(counts).to.deep.equal({ projects: 1, tasks: 1, models: 1, pipelines: 1, pipeline_runs: 1, reports: 0 });
    const all = await server.ask("organization.get_entities_count", { projects: {}, tasks: {}, search_hidden: true });
    expect(all).to.deep.equal({ projects: 2, tasks: 2 });
  });

  it("counts to a limit, for some users, without public ones", async () => {
    const asked = { projects: {}, tasks: {}, models: {}, search_hidden: true };
    expect(await server.ask("organization.get_entities_count", { ...asked, limit: 1 })).to.deep.equal({ projects: 1, tasks: 1, models: 1 });
    expect(await server.ask("organization.get_entities_count", { ...asked, active_users: ["nobody"] })).to.deep.equal({
      projects: 0,
      tasks: 0,
      models: 0,
    });
    write("UPDATE tasks SET company = '' WHERE name = ?", "one");
    expect((await server.ask("organization.get_entities_count", asked)).tasks).to.equal(2);
    expect((await server.ask("organization.get_entities_count", { ...asked, allow_public: false })).tasks).to.equal(1);
  });

  it("tells of a query that failed beside the numbers of the others", async () => {
    const { models, errors, tasks } = await server.ask("organization.get_entities_count", { models: {}, tasks: { tags: ["__$bad"] } });
    expect([models, tasks]).to.deep.equal([1, undefined]);
    expect(errors.tasks).to.contain("(Unsupported operator): field=tags, operator=__$bad");
  });
});

const fetched = async (prepare_id: string): Promise<Response> =>
  await fetch(`${server.apiUrl}/organization.download_for_get_all?prepare_id=${prepare_id}`, {
    headers: { authorization: `Bearer ${server.token}` },
  });

async function prepared(body: object): Promise<string> {
  return (await server.ask("organization.prepare_download_for_get_all", { entity_type: "task", only_fields: ["name"], ...body }))
    .prepare_id;
}

describe("organization.prepare_download_for_get_all", () => {
  it("keeps the request for the download", async () => {
    await server.task({ name: "kept" });
    const response = await fetched(await prepared({ field_mappings: [{ field: "name" }] }));
    expect(await response.text()).to.contain('"kept"');
  });

  it("refuses columns that stand there twice, other kinds, and queries that fail", async () => {
    const body = { entity_type: "task", only_fields: ["id"], field_mappings: [{ field: "id" }, { field: "id" }] };
    const endpoint = "organization.prepare_download_for_get_all";
    expect(await refusal(endpoint, body)).to.equal("400/12 Validation error (Field_name appears more than once in field_mappings: id)");
    expect(await refusal(endpoint, { ...body, entity_type: undefined, field_mappings: [{ field: "id" }] })).to.equal(
      "400/12 Validation error (Unsupported entity type: None)",
    );
    expect(await refusal(endpoint, { ...body, field_mappings: [{ field: "id" }], only_fields: ["bogus"] })).to.match(/^400\/14 /);
  });
});

describe("organization.download_for_get_all", () => {
  it("gives a table without the envelope", async () => {
    const { id: project } = await server.ask("projects.create", { name: "outer/inner one" });
    await server.task({ name: '=a "task"', project, tags: ["zz"], comment: "" });
    const id = await prepared({
      project: [project],
      only_fields: ["name", "project.name", "tags", "status", "comment", "user", "last_iteration"],
      field_mappings: [
        { field: "name", name: "NAME" },
        { field: "project.name" },
        { field: "tags" },
        { field: "status", values: [{ key: "created", value: "Draft" }] },
        { field: "comment" },
        { field: "user" },
        { field: "last_iteration" },
      ],
    });
    const { user } = await server.ask("users.get_current_user");
    const response = await fetched(id);
    expect(response.headers.get("content-type")).to.equal("text/csv; charset=utf-8");
    expect(response.headers.get("content-disposition")).to.equal("attachment; filename=clearml-inner one-tasks.csv");
    expect(Buffer.from(await response.arrayBuffer()).toString()).to.equal(
      '\ufeff"NAME","project.name","tags","status","comment","user","last_iteration"\r\n' +
        `"'=a ""task""","outer/inner one","['zz']","Draft","","${user.id}","0"\r\n`,
    );
  });

  it("gives all rows, page after page", async () => {
    const db = new Database(databaseOf(server), { readonly: false });
    const { company } = (await server.ask("users.get_current_user")).user;
    db.exec("BEGIN");
    for (let n = 0; n < 1203; n++) db.run("INSERT INTO tasks (id, name, company) VALUES (?, ?, ?)", `id${n}`, `task ${n}`, company.id);
    db.exec("COMMIT");
    db.close();
    const text = await (await fetched(await prepared({ field_mappings: [{ field: "name" }] }))).text();
    const lines = text.trimEnd().split("\r\n");
    expect([lines.length, lines[1], lines.at(-1)]).to.deep.equal([1204, '"task 0"', '"task 1202"']);
  });

  it("gives the bare header for no rows; models and the root have names of their own", async () => {
    const body = {
      entity_type: "model",
      project: [null],
      only_fields: ["id", "name"],
      field_mappings: [{ field: "id" }, { field: "name" }],
    };
    const response = await fetched(await prepared(body));
    expect(response.headers.get("content-disposition")).to.equal("attachment; filename=clearml-root-models.csv");
    expect(Buffer.from(await response.arrayBuffer()).toString()).to.equal("id,name\r\n");
  });

  it("refuses ids that it does not know, or no longer", async () => {
    const text = (id: string): string => `400/10 Invalid object id (prepare ID not found): prepare_id=${id}`;
    expect(await refusal("organization.download_for_get_all", { prepare_id: "nope" })).to.equal(text("nope"));
    const id = await prepared({ field_mappings: [{ field: "name" }] });
    write("UPDATE prepared_downloads SET expires = 1 WHERE id = ?", id);
    expect(await refusal("organization.download_for_get_all", { prepare_id: id })).to.equal(text(id));
  });
});

describe("organization.get_project_usages", () => {
  let project: string;
  let inner: string;
  let queue: string;

  beforeEach(async () => {
    project = (await server.ask("projects.create", { name: "outer" })).id;
    inner = (await server.ask("projects.create", { name: "outer/inner" })).id;
    queue = (await server.ask("queues.create", { name: "a queue", display_name: "The queue" })).id;
    const own = await server.task({ name: "own", project });
    const below = await server.task({ name: "below", project: inner });
    const development = await server.task({ name: "development", project, system_tags: ["development"] });
    const ignored = await server.task({ name: "ignored", project, type: "controller" });
    for (const [id, from, to] of [
      [own, "2026-01-01T23:59:50", "2026-01-02T00:00:20"],
      [below, "2026-01-02T10:00:00", "2026-01-02T10:01:00"],
      [development, "2026-01-02T11:00:00", "2026-01-02T11:00:05"],
      [ignored, "2026-01-02T10:00:00", "2026-01-02T10:01:00"],
    ] as const)
      write(
        "UPDATE tasks SET status = 'completed', started = ?, completed = ? WHERE id = ?",
        `${from}.000000+00:00`,
        `${to}.000000+00:00`,
        id,
      );
    write("UPDATE tasks SET execution = json_set(execution, '$.queue', ?) WHERE id = ?", queue, below);
  });

  const DATES = { from_date: "2026-01-01T00:00:00+00:00", to_date: "2026-01-03T00:00:00+00:00" };
  const DAYS = [Date.UTC(2026, 0, 1) / 1000, Date.UTC(2026, 0, 2) / 1000];

  it("splits one project by what is below it, and by day", async () => {
    const { projects } = await server.ask("organization.get_project_usages", {
      projects: [project],
      ...DATES,
      breakdown_keys: ["project"],
    });
    const [weights, dates] = [{ gpu_artificial_weights: true }, DAYS];
    expect(projects.total).to.deep.equal([
      { name: "outer", id: project, duration: 30, gpu_usage: 30, ...weights },
      { name: "outer/inner", id: inner, duration: 60, gpu_usage: 60, ...weights },
    ]);
    expect(projects.series[0]).to.deep.equal({ name: "outer", id: project, dates, duration: [10, 20], gpu_usage: [10, 20], ...weights });
  });

  it("counts by queue and user, development on demand, in the asked fields", async () => {
    const body = { projects: [project, inner], ...DATES, breakdown_keys: ["queue", "user"], usage_fields: ["duration", "cpu_usage"] };
    const { queues, users, projects } = await server.ask("organization.get_project_usages", { ...body, include_development: true });
    const weights = { cpu_artificial_weights: true };
    expect(queues.total).to.deep.equal([
      { name: null, id: null, duration: 35, cpu_usage: 35, ...weights },
      { name: "The queue", id: queue, duration: 60, cpu_usage: 60, ...weights },
    ]);
    expect(users.total[0].duration).to.equal(95);
    expect(projects).to.equal(undefined);
  });

  it("weighs usages by the resources of the queues, and tells where there are none", async () => {
    await server.ask("workers.register", { worker: "w", queues: [queue], resources: { cpu_usage: 4, gpu_usage: 0.5 } });
    const ask = async (fields: object): Promise<{ total: object[]; series: { gpu_usage: number[] }[] }> =>
      (await server.ask("organization.get_project_usages", { ...DATES, breakdown_keys: ["project"], ...fields })).projects;
    const weighed = await ask({ projects: [inner], usage_fields: ["duration", "cpu_usage", "gpu_usage"] });
    expect(weighed.total).to.deep.equal([{ name: "outer/inner", id: inner, duration: 60, cpu_usage: 240, gpu_usage: 30 }]);
    expect(weighed.series[0]?.gpu_usage).to.deep.equal([0, 30]);
    write("UPDATE queues SET resources = ? WHERE id = ?", JSON.stringify({ cpu_usage: 2 }), queue);
    expect((await ask({ projects: [inner] })).total).to.deep.equal([
      { name: "outer/inner", id: inner, duration: 60, gpu_usage: 60, gpu_artificial_weights: true },
    ]);
  });

  it("lays the days where the first date's zone has them, and cuts at the ends", async () => {
    const dates = { from_date: "2026-01-02T02:00:00+02:00", to_date: "2026-01-02T00:00:10+00:00" };
    const { projects } = await server.ask("organization.get_project_usages", { projects: [project], ...dates });
    expect(projects.series[0].dates).to.deep.equal([Date.UTC(2026, 0, 1, 22) / 1000]);
    expect(projects.total[0].duration).to.equal(10);
  });

  it("has nothing of unknown projects, and refuses dates in the wrong order", async () => {
    const endpoint = "organization.get_project_usages";
    const { projects } = await server.ask(endpoint, { projects: ["nope"], ...DATES });
    expect(projects).to.deep.equal({ total: [], series: [] });
    expect(await refusal(endpoint, { projects: [project], from_date: DATES.to_date, to_date: DATES.from_date })).to.match(/^400\/12 /);
    expect(await refusal(endpoint, { projects: [project], from_date: "no date", to_date: DATES.to_date })).to.match(/^500\/0 /);
    expect(await refusal(endpoint, { projects: [project], from_date: "2026-01-01T00:00:00", to_date: DATES.to_date })).to.match(/^500\/0 /);
  });
});
