import { expect } from "chai";
import { queryFields } from "../../server/request-path.ts";
import { TASK } from "../../server/store/kinds.ts";
import { projectionOf } from "../../server/store/projection.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";

/** Names that lead from an object to what all objects share. */
const SHARED = ["__proto__", "constructor", "prototype"];

describe("names that a caller gives", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(() => server[Symbol.asyncDispose]());

  afterEach(() => {
    expect(({} as Record<string, unknown>)["user"]).to.equal(undefined);
    expect(({} as Record<string, unknown>)["error"]).to.equal(undefined);
  });

  it("do not lead out of the fields of a query", () => {
    for (const name of SHARED) expect(() => queryFields(`${name}.x=1`), name).to.throw("invalid field name");
    for (const name of SHARED) expect(() => queryFields(`a.${name}=1`), name).to.throw("invalid field name");
    expect(Object.getPrototypeOf(queryFields("a=1"))).to.equal(null);
    expect(queryFields("a.b=1&a.c=true&d[]=x")).to.deep.equal(queryFields("d[]=x&a.c=true&a.b=1"));
    expect(() => queryFields("a=1&a.b=2")).to.throw("given twice");
  });

  it("cannot make a user out of nobody: the query of an open call is refused", async () => {
    for (const field of ["user.id", "user.role", "error"]) {
      const reply = await fetch(`${server.apiUrl}/debug.ping?constructor.prototype.${field}=1`);
      expect(reply.status).to.equal(400);
    }
    const login = await fetch(`${server.apiUrl}/auth.login`, { headers: { authorization: `Basic ${btoa("x:y")}` } });
    expect(login.status).to.equal(401);
    expect((await server.call("debug.ping")).status).to.equal(200);
  });

  it("are judged after the caller", async () => {
    const reply = await fetch(`${server.apiUrl}/tasks.get_all?constructor.prototype.x=1`);
    expect(reply.status).to.equal(401);
  });

  it("are sections and parameters like any others", async () => {
    const task = await server.task();
    const items = [...SHARED, "toString"].map((section) => ({ section, name: "error", value: "1" }));
    items.push({ section: "constructor", name: "entries", value: "2" }, { section: "Args", name: "__proto__", value: "3" });
    expect((await server.call("tasks.edit_hyper_params", { task, hyperparams: items })).status).to.equal(200);
    const { params } = await server.ask("tasks.get_hyper_params", { tasks: [task] });
    expect(params[0].hyperparams.map((item: { section: string; name: string }) => `${item.section}/${item.name}`)).to.deep.equal(
      items.map((item) => `${item.section}/${item.name}`).toSorted(),
    );
    expect((await server.ask("tasks.get_by_id", { task: await server.task() })).task.name).to.equal("a task");
    await server.ask("tasks.delete_hyper_params", { task, hyperparams: [{ section: "__proto__" }] });
    expect((await server.ask("tasks.get_hyper_params", { tasks: [task] })).params[0].hyperparams.length).to.equal(items.length - 1);
  });

  it("are metrics, artifacts, configurations and runtime keys like any others", async () => {
    const task = await server.task();
    const event = { type: "training_stats_scalar", task, metric: "__proto__", variant: "constructor", iter: 1, value: 2 };
    expect((await server.lines([event])).status).to.equal(200);
    const text = JSON.stringify(await server.ask("events.scalar_metrics_iter_histogram", { task }));
    expect(text).to.equal('{"__proto__":{"constructor":{"name":"constructor","x":[1],"y":[2]}}}');
    expect(JSON.stringify(await server.ask("events.multi_task_scalar_metrics_iter_histogram", { tasks: [task] }))).to.contain(
      '{"__proto__":{"constructor":',
    );
    await server.ask("tasks.edit_configuration", { task, configuration: [{ name: "constructor", value: "c" }] });
    await server.ask("tasks.edit_runtime", { task, add_or_update: { constructor: 1, keep: 2 }, remove: ["__proto__"] });
    const { task: document } = await server.ask("tasks.get_by_id", { task });
    expect(document.configuration.constructor).to.deep.equal({ name: "constructor", value: "c" });
    expect(document.runtime).to.deep.equal(JSON.parse('{"constructor":1,"keep":2}'));
  });

  it("are no fields of a document", async () => {
    for (const name of [...SHARED, "toString"]) {
      for (const body of [{ only_fields: [name] }, { order_by: [name] }, { filters: { [name]: { any: { include: ["x"] } } } }])
        expect((await server.call("tasks.get_all", JSON.parse(JSON.stringify(body)))).status, JSON.stringify(body)).to.be.oneOf([200, 400]);
      expect((await server.call("tasks.get_all", { only_fields: [name] })).subcode, name).to.equal(14);
      expect((await server.call("tasks.get_all", { order_by: [name] })).subcode, name).to.equal(14);
    }
    expect((await server.ask("tasks.get_all", { tags: ["constructor", "toString"] })).tasks).to.deep.equal([]);
  });

  it("take nothing away from what all objects share, in a projection", () => {
    const document = JSON.parse('{"id":"1","hyperparams":{"__proto__":{"lr":{"value":"1"}}},"runtime":{"a":1}}') as Record<string, unknown>;
    const shown = (...paths: string[]): string => JSON.stringify(projectionOf(TASK, paths).apply(structuredClone(document)));
    shown("-runtime.__proto__.toString", "-runtime.constructor.prototype.hasOwnProperty");
    shown("runtime.__proto__.toString", "runtime.constructor.prototype.valueOf");
    expect({}.toString()).to.equal("[object Object]");
    expect(shown("hyperparams.__proto__.lr.value")).to.equal('{"hyperparams":{"__proto__":{"lr":{"value":"1"}}}}');
  });
});
