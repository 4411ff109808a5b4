import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";

type Document = Record<string, unknown>;

/** Only returned when asked for by name. */
const HIDDEN = ["unique_metrics", "enqueue_status", "company_origin"];
const GONE = "gone";
const NOW = "now";

describe("what a call changes in a task that has everything, field by field", () => {
  let server: EmbeddedServer;
  let queue: string;

  before(async () => {
    server = await EmbeddedServer.start();
    queue = (await server.ask("queues.create", { name: "a queue" })).id as string;
  });

  after(async () => await server[Symbol.asyncDispose]());

  const whole = async (task: string): Promise<Document> => ({
    ...(await server.ask("tasks.get_by_id", { task })).task,
    ...(await server.ask("tasks.get_all_ex", { id: [task], only_fields: HIDDEN })).tasks[0],
  });

  /** A task that was queued, ran, reported, and has whatever a task can have. */
  const ran = async (): Promise<string> => {
    const made = async (service: string, name: string, fields: object = {}): Promise<string> =>
      (await server.ask(`${service}.create`, { name, ...fields })).id as string;
    const item = (section: string, name: string): object => ({ section, name, value: "1" });
    const task = await server.task({
      comment: "a comment",
      tags: ["tag"],
      system_tags: ["kept", "development"],
      parent: await server.task(),
      project: (await server.ask("projects.create", { name: `project ${Math.random()}`, description: "" })).id,
      script: { repository: "r", entry_point: "e.py", diff: "d", requirements: { pip: "numpy" } },
      hyperparams: { Args: { a: item("Args", "a") } },
      configuration: { c: { name: "c", value: "v" } },
      container: { image: "i" },
      output_dest: "s3://bucket",
      models: {
        input: [{ name: "i", model: await made("models", "an input", { uri: "file:///i" }) }],
        output: [{ name: "o", model: "m" }],
      },
      execution: { framework: "f", model_labels: { cat: 1 }, artifacts: [artifact("in", "input"), artifact("out", "output")] },
    });
    await server.ask("tasks.enqueue", { task, queue });
    await server.ask("queues.remove_task", { queue, task });
    await server.ask("tasks.started", { task, status_reason: "a reason", status_message: "a message" });
    await server.ask("tasks.edit_runtime", { task, add_or_update: { a: 1 } });
    await server.ask("workers.status_report", { worker: "w:0", timestamp: Date.now(), task });
    await server.lines([
      { type: "log", task, msg: "line" },
      { type: "training_stats_scalar", task, metric: "m", variant: "v", iter: 5, value: 1 },
    ]);
    await server.ask("tasks.update", { task, output__error: "broken" });
    return task;
  };
  const artifact = (key: string, mode: string): object => ({ key, mode, type: "t", uri: `s3://${key}` });

  /** Fields that are another now: what they are, `now` for a time of this moment, `gone` for those that are no more. */
  const changes = async (task: string, call: () => Promise<unknown>): Promise<Document> => {
    const before = await whole(task);
    const from = new Date().toISOString();
    await setTimeout(2);
    await call();
    const after = await whole(task);
    const isNow = (value: unknown): boolean =>
      typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) && value.slice(0, 23) >= from.slice(0, 23);
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const others = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
    return Object.fromEntries(others.map((name) => [name, after[name] === undefined ? GONE : isNow(after[name]) ? NOW : after[name]]));
  };
  const TEXTS = { status_reason: "", status_message: "" };
  const STAMPS = { status_changed: NOW, last_update: NOW, last_change: NOW };
  const ended = async (status = "completed"): Promise<string> => {
    const task = await ran();
    await server.ask(`tasks.${status}`, { task, status_reason: "a reason", status_message: "a message" });
    return task;
  };
  const execution = async (task: string): Promise<Document> => (await whole(task))["execution"] as Document;

  for (const status of ["completed", "stopped", "failed"])
    it(`tasks.${status}`, async () => {
      const task = await ran();
      const expected = { ...TEXTS, ...STAMPS, status, completed: NOW };
      expect(await changes(task, () => server.ask(`tasks.${status}`, { task }))).to.deep.equal(expected);
    });

  it("tasks.close", async () => {
    const task = await ended("stopped");
    expect(await changes(task, () => server.ask("tasks.close", { task }))).to.deep.equal({ ...TEXTS, ...STAMPS, status: "closed" });
  });

  it("tasks.publish", async () => {
    const task = await ended();
    const expected = { ...TEXTS, ...STAMPS, status: "published", published: NOW };
    expect(await changes(task, () => server.ask("tasks.publish", { task }))).to.deep.equal(expected);
  });

  it("tasks.started, of a task that ended", async () => {
    const task = await ended();
    const expected = { ...TEXTS, ...STAMPS, status: "in_progress", started: NOW, completed: GONE, active_duration: GONE };
    expect(await changes(task, () => server.ask("tasks.started", { task }))).to.deep.equal(expected);
  });

  it("tasks.enqueue and tasks.dequeue", async () => {
    const task = await ended("stopped");
    const { queue: _, ...left } = await execution(task);
    await server.ask("tasks.edit", { task, execution: left, system_tags: ["kept", "development"], force: true });
    const enqueued = await changes(task, () => server.ask("tasks.enqueue", { task, queue }));
    const common = { ...TEXTS, ...STAMPS };
    expect(enqueued).to.deep.equal({ ...STAMPS, ...TEXTS, status: "queued", enqueue_status: "stopped", system_tags: ["kept"] });
    const dequeued = await changes(task, () => server.ask("tasks.dequeue", { task, status_reason: "why" }));
    expect({ ...common, ...dequeued }).to.deep.equal({ ...common, status: "stopped", status_reason: "why", enqueue_status: GONE });
  });

  it("tasks.reset", async () => {
    const task = await ended();
    const { queue: _, ...left } = await execution(task);
    const { models } = await whole(task);
    expect(await changes(task, () => server.ask("tasks.reset", { task }))).to.deep.equal({
      ...STAMPS,
      ...CLEARED,
      execution: { ...left, artifacts: [{ ...artifact("in", "input"), display_data: [] }] },
      models: { ...(models as object), output: [] },
    });
  });

  it("tasks.reset with clear_all", async () => {
    const task = await ended();
    const { models } = await whole(task);
    expect(await changes(task, () => server.ask("tasks.reset", { task, clear_all: true }))).to.deep.equal({
      ...STAMPS,
      ...CLEARED,
      execution: { test_split: 0, parameters: {}, model_desc: {}, model_labels: {}, artifacts: [] },
      script: { binary: "python", repository: "", entry_point: "", requirements: {} },
      models: { ...(models as object), output: [] },
    });
  });

  const CLEARED = {
    status: "created",
    status_reason: "reset",
    status_message: "reset",
    ...Object.fromEntries(
      ["started", "completed", "active_duration", "last_worker", "last_worker_report", "enqueue_status"].map((name) => [name, GONE]),
    ),
    last_iteration: 0,
    last_metrics: {},
    unique_metrics: [],
    metric_stats: {},
    runtime: {},
    output: { destination: "s3://bucket" },
  };

  it("tasks.clone: what differs from the source", async () => {
    const task = await ended();
    await server.ask("tasks.update", { task, system_tags: ["kept", "development", "archived"] });
    const source = await whole(task);
    const clone = await whole((await server.ask("tasks.clone", { task })).id as string);
    const different = Object.keys({ ...source, ...clone }).filter((name) => JSON.stringify(source[name]) !== JSON.stringify(clone[name]));
    const { queue: _, ...left } = source["execution"] as Document;
    expect(Object.fromEntries(different.map((name) => [name, clone[name] ?? GONE]))).to.deep.equal({
      ...{ id: clone["id"], created: clone["created"], last_update: clone["last_update"], last_change: clone["last_change"] },
      ...Object.fromEntries(ONLY_OF_RUNS.map((name) => [name, GONE])),
      ...{ status: "created", last_iteration: 0, last_metrics: {}, unique_metrics: [], metric_stats: {}, runtime: {} },
      system_tags: ["kept"],
      execution: { ...left, artifacts: [{ ...artifact("in", "input"), display_data: [] }] },
      models: { input: (source["models"] as { input: object[] }).input, output: [] },
      output: { destination: "s3://bucket" },
    } satisfies Reply["data"]);
  });

  const ONLY_OF_RUNS = [
    ...["status_reason", "status_message", "status_changed", "started", "completed", "active_duration"],
    ...["last_worker", "last_worker_report", "enqueue_status"],
  ];
});
