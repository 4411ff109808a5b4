import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

describe("what a caller gets wrong", () => {
  let server: EmbeddedServer;
  let task: string;

  before(async () => {
    server = await EmbeddedServer.start();
    task = await server.task();
  });

  after(() => server[Symbol.asyncDispose]());

  it("is refused, never a failure that a client repeats", async () => {
    const calls: [string, unknown][] = [
      ["tasks.get_all", { page_size: 1.5 }],
      ["tasks.get_all", { page: 0.3 }],
      ["tasks.get_all", { page: -1 }],
      ["tasks.get_all", '{"page_size": 1e999}'],
      ["tasks.get_all", { size: 1.5, scroll_id: null }],
      ["tasks.get_all", { name: "(a+" }],
      ["tasks.get_all", { _any_: { fields: Array.from({ length: 3000 }, () => "name"), pattern: "x" } }],
      ["events.get_task_events", { task, scroll_id: "zzz" }],
      ["events.debug_images", { metrics: [{ task, metric: {} }] }],
      ["events.scalar_metrics_iter_histogram", { task, key: "x" }],
      ["workers.register", { worker: "w", timeout: 1e300 }],
      ["tasks.edit", { task, configuration: { a: 1 } }],
      ["tasks.edit_hyper_params", { task, hyperparams: [{ name: "x" }] }],
      ["tasks.add_or_update_model", { task, name: "x", model: "y", type: "constructor" }],
      ["tasks.create", "[]"],
      ["tasks.create", "{"],
    ];
    for (const [endpoint, body] of calls)
      expect((await server.call(endpoint, body)).status, `${endpoint} ${JSON.stringify(body)}`).to.equal(400);
    await server.ask("tasks.enqueue", { task });
    expect((await server.call("tasks.dequeue", { task, new_status: "banana" })).subcode).to.equal(12);
    await server.ask("tasks.dequeue", { task });
  });

  /** What ends in the official server's work, and in its words (clearml-tasks-events.md 1, 4). */
  const FATAL_THERE = ["'list' object has no attribute 'startswith'", "'int' object is not a mapping: b"];

  it("is refused in every field of a new task, whatever its type", async () => {
    const fields = [
      "name",
      "comment",
      "tags",
      "parent",
      "script",
      "execution",
      "models",
      "hyperparams",
      "configuration",
      "runtime",
      "container",
    ];
    const values = [1, [], {}, "x", true, [[1]], { a: { b: 1 } }, { input: 1 }, { artifacts: "x" }, { artifacts: [1] }, { output: "x" }];
    for (const field of fields)
      for (const value of values) {
        const created = await server.call("tasks.create", { name: "a task", type: "training", [field]: value });
        const expected = FATAL_THERE.includes(created.message) ? [500] : [200, 400];
        expect(created.status, `${field} ${JSON.stringify(value)}`).to.be.oneOf(expected);
        if (created.status !== 200) continue;
        const { id } = created.data as { id: string };
        for (const [endpoint, more] of [
          ["tasks.clone", {}],
          ["tasks.reset", { return_file_urls: true }],
          ["tasks.delete", { return_file_urls: true }],
        ] as const)
          expect((await server.call(endpoint, { task: id, ...more })).status, `${endpoint}: ${field} ${JSON.stringify(value)}`).to.equal(
            200,
          );
      }
  });

  it("costs one event where its task or type is wrong, and the batch where it cannot be stored", async () => {
    const id = await server.task();
    const scalar = { type: "training_stats_scalar", task: id, metric: "m", variant: "v", value: 1 };
    const log = { type: "log", task: id, msg: "one", timestamp: 1 };
    for (const broken of [{ iter: "abc" }, { iter: 1e30 }, { timestamp: 1e18 }, { value: "much" }, { value: [1] }, { metric: 5 }])
      expect((await server.lines([log, { ...scalar, ...broken }])).status, JSON.stringify(broken)).to.equal(500);
    const good = [
      { ...scalar, iter: 2, value: null },
      { ...scalar, iter: "3" },
      { ...scalar, type: "x" },
    ];
    expect((await server.lines([log, ...good])).data).to.deep.equal({ added: 3, errors: 1, errors_info: { "Invalid event type x": 1 } });
    expect((await server.ask("events.get_task_log", { task: id })).events.length).to.equal(1);
    expect((await server.ask("tasks.get_by_id", { task: id })).task.last_iteration).to.equal(3);
  });

  it("is not a type with parameters: json-lines are known by their name", async () => {
    const events = ["a", "b"].map((msg) => ({ type: "log", task, msg }));
    expect((await server.lines(events, "application/json-lines; charset=utf-8")).data).to.include({ added: 2 });
  });

  it("is not a bare NaN, which Python writes; texts keep theirs", async () => {
    const id = await server.task({ comment: "before" });
    await server.ask("tasks.edit", `{"task": "${id}", "comment": "loss: NaN, so \\"NaN\\"", "runtime": {"a": NaN, "b": [-Infinity, 1]}}`);
    const { task: document } = await server.ask("tasks.get_by_id", { task: id });
    expect(document.comment).to.equal('loss: NaN, so "NaN"');
    expect(document.runtime).to.deep.equal({ a: null, b: [null, 1] });
  });

  it("is not nested without end", async () => {
    const deep = (levels: number): string => `${"[".repeat(levels)}1${"]".repeat(levels)}`;
    for (const levels of [200, 5000, 200_000]) {
      const body = `{"name": "a task", "type": "training", "runtime": {"a": ${deep(levels)}}}`;
      expect((await server.call("tasks.create", body)).status, String(levels)).to.equal(400);
    }
    expect((await server.call("tasks.get_all", `{"id": ${deep(100_000)}}`)).status).to.equal(400);
    const plot = `{"type": "plot", "task": "${task}", "metric": "m", "variant": "v", "data": ${deep(3000)}}`;
    expect((await server.call("events.add", plot)).status).to.equal(400);
    expect((await server.call(`debug.ping?${"a.".repeat(3000)}b=1`)).status).to.equal(400);
    expect((await server.ask("tasks.create", `{"name": "a task", "type": "training", "runtime": {"a": ${deep(50)}}}`)).id).to.be.a(
      "string",
    );
  });

  it("is another project, when only the case of its name is the same", async () => {
    const [lower, upper] = [
      await server.ask("projects.create", { name: "team_a/one" }),
      await server.ask("projects.create", { name: "TEAM_A/one" }),
    ];
    const { projects } = await server.ask("projects.get_all", { name: "^team_a$" });
    await server.ask("projects.update", { project: projects[0].id, name: "renamed" });
    expect((await server.ask("projects.get_by_id", { project: lower.id })).project.name).to.equal("renamed/one");
    expect((await server.ask("projects.get_by_id", { project: upper.id })).project.name).to.equal("TEAM_A/one");
  });

  it("is found by its text, in every alphabet", async () => {
    const id = await server.task({ name: "Übung (1) Ärger" });
    expect((await server.ask("tasks.get_all", { search_text: "übung (1) ä", only_fields: ["id"] })).tasks).to.deep.equal([{ id }]);
  });

  it("is told apart from what there already is", async () => {
    await server.ask("queues.create", { name: "one queue" });
    const { id } = await server.ask("queues.create", { name: "another queue" });
    expect((await server.call("queues.update", { queue: id, name: "one queue" })).subcode).to.equal(801);
  });

  it("leaves nothing of a step that failed half way, also among many", async () => {
    const id = await server.task();
    const reply = await server.ask("tasks.enqueue_many", { ids: [id], queue: "no such queue" });
    expect(reply.failed.length).to.equal(1);
    expect((await server.ask("tasks.get_by_id", { task: id })).task.status).to.equal("created");
  });

  it("may be a list of any length", async () => {
    const ids = Array.from({ length: 40_000 }, (_, n) => `no-${n}`);
    expect((await server.ask("tasks.get_all", { id: [...ids, task] })).tasks.length).to.equal(1);
  });

  it("may be a name with quotes and backslashes", async () => {
    const names = ['a"b', "c\\", "d'e", "f.g", "\\u0041"];
    const id = await server.task({ hyperparams: { Args: Object.fromEntries(names.map((name) => [name, { value: name }])) } });
    for (const name of names) {
      const { tasks } = await server.ask("tasks.get_all", {
        [`hyperparams.Args.${name.replaceAll(".", "%2E")}.value`]: [name],
        only_fields: ["id"],
      });
      expect(tasks, name).to.deep.equal([{ id }]);
    }
  });

  it("does not wait behind a pattern that never ends", async () => {
    await server.task({ name: `${"a".repeat(40)}!` });
    const begin = performance.now();
    const evil = Array.from({ length: 4 }, () => server.call("tasks.get_all", { name: "^(a+)+$" }));
    expect((await Promise.all(evil)).map((reply) => reply.status)).to.deep.equal([200, 200, 200, 200]);
    await server.call("workers.get_all", { worker_pattern: `${"*a".repeat(30)}b` });
    expect(performance.now() - begin).to.be.lessThan(3000);
    expect((await server.call("tasks.get_all", { name: "(?=look)" })).subcode).to.equal(21);
  });
});
