import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { TaskId } from "../../api/wire/ids.ts";
import type { Product } from "../../test/support/product.ts";
import { residentMiB, watchMemory } from "../process-figures.ts";
import type { Row } from "../table.ts";
import { bystander, Latency } from "./latency.ts";

const TASKS = 100_000;
const POINTS = Number(process.env["BENCH_POINTS"] ?? 50_000_000);
/** Tasks that hold the points; half of each are log lines. */
const HOLDERS = 500;
const EVENTS_IN_BATCH = 10_000;
const ROUNDS = 30;
const TAGS = ["baseline", "sweep", "night", "review"];

type Query = readonly [what: string, endpoint: string, body: object];

/** A store of years: how long queries take in it, and what others wait for while the longest ones run. */
export async function largeStore(product: Product): Promise<Row[]> {
  const projects = await makeProjects(product);
  const tasks = await fillTasks(product, projects);
  const fillRate = await fillEvents(product, tasks.slice(0, HOLDERS));
  const pid = product.server.child.pid ?? 0;
  const memory = watchMemory(pid);
  const rows: Row[] = [];
  for (const query of queriesOf(projects, tasks)) rows.push(await timed(product, query));
  rows.push(await whileOthersAskForMuch(product, tasks));
  const peak = await memory.stop();
  return [
    await sizeRow(product, fillRate),
    ...rows,
    {
      what: "server's memory, peak of these queries",
      ours: `${peak.toFixed(0)} MiB`,
      limit: `${(await residentMiB(pid)).toFixed(0)} MiB after`,
      ratio: "-",
      aim: "-",
    },
  ];
}

async function makeProjects(product: Product): Promise<string[]> {
  const names = Array.from({ length: 100 }, (_, n) => `bench/group ${n % 10}/project ${n}`);
  const ids: string[] = [];
  for (const name of names) ids.push((await product.session.call<{ id: string }>("projects.create", { name, description: "" })).id);
  return ids;
}

async function fillTasks(product: Product, projects: readonly string[]): Promise<TaskId[]> {
  const ids: TaskId[] = [];
  for (let n = 0; n < TASKS; n += 100) {
    const some = Array.from({ length: Math.min(100, TASKS - n) }, (_, k) => createOne(product, projects, n + k));
    ids.push(...(await Promise.all(some)));
  }
  return ids;
}

async function createOne(product: Product, projects: readonly string[], n: number): Promise<TaskId> {
  return await product.tasks.create({
    name: `task ${n}`,
    type: n % 3 === 0 ? "testing" : "training",
    project: projects[n % projects.length],
    tags: [TAGS[n % TAGS.length], `week ${n % 52}`],
    script: { repository: "https://example.org/repository.git", entry_point: "train.py", binary: "python3" },
    hyperparams: {
      Args: {
        lr: { section: "Args", name: "lr", value: String((n % 100) / 100) },
        epochs: { section: "Args", name: "epochs", value: String(n % 50) },
      },
    },
  });
}

const MARK = 400;

/** Events a second at the end, when the store is at its largest. */
async function fillEvents(product: Product, holders: readonly TaskId[]): Promise<number> {
  const batches = Math.ceil(POINTS / EVENTS_IN_BATCH);
  let [start, marked, rate] = [performance.now(), 0, 0];
  for (let batch = 0; batch < batches; batch += 4) {
    await Promise.all([0, 1, 2, 3].map((k) => addBatch(product, holders, batch + k)));
    if (batch + 4 - marked < MARK && batch + 4 < batches) continue;
    rate = ((batch + 4 - marked) * EVENTS_IN_BATCH) / ((performance.now() - start) / 1000);
    [start, marked] = [performance.now(), batch + 4];
    process.stderr.write(`${((marked * EVENTS_IN_BATCH) / 1e6).toFixed(0)} million events, ${rate.toFixed(0)} a second\n`);
  }
  return rate;
}

async function addBatch(product: Product, holders: readonly TaskId[], batch: number): Promise<void> {
  const task = holders[batch % holders.length];
  const round = Math.floor(batch / holders.length);
  const isLog = round % 2 === 0;
  const lines = Array.from({ length: EVENTS_IN_BATCH }, (_, n) => {
    const at = round * EVENTS_IN_BATCH + n;
    const timestamp = 1_750_000_000_000 + at;
    if (isLog)
      return JSON.stringify({
        type: "log",
        task,
        timestamp,
        level: "INFO",
        msg: `step ${at} loss ${(1 / (at + 1)).toFixed(6)} on the training set\n`,
      });
    const place = { metric: `metric ${n % 5}`, variant: `series ${n % 2}`, iter: Math.floor(at / 10) };
    return JSON.stringify({ type: "training_stats_scalar", task, timestamp, ...place, value: Math.sin(at / 100) });
  });
  await product.session.callLines("events.add_batch", lines.join("\n"), { timeoutMs: 120_000 });
}

function queriesOf(projects: readonly string[], tasks: readonly TaskId[]): Query[] {
  const page = { page: 0, page_size: 25, only_fields: ["id", "name", "status", "tags", "project.name", "last_update"] };
  const [holder] = tasks;
  return [
    ["a task by id", "tasks.get_by_id", { task: tasks[TASKS / 2] }],
    ["a project's newest tasks", "tasks.get_all_ex", { ...page, project: projects.slice(0, 1), order_by: ["-last_update"] }],
    ["the newest tasks of all", "tasks.get_all_ex", { ...page, order_by: ["-last_update"] }],
    ["tasks by status and type", "tasks.get_all_ex", { ...page, status: ["created"], type: ["testing"], order_by: ["-last_update"] }],
    ["tasks by two tags", "tasks.get_all_ex", { ...page, tags: ["__$all", "sweep", "week 1"], order_by: ["-last_update"] }],
    ["tasks by a pattern in their name", "tasks.get_all_ex", { ...page, name: "task 4242\\d", order_by: ["-last_update"] }],
    [
      "tasks by a parameter, ordered by another",
      "tasks.get_all_ex",
      { ...page, "hyperparams.Args.lr.value": ["0.5"], order_by: ["-hyperparams.Args.epochs.value"] },
    ],
    [
      "a hundred projects with figures",
      "projects.get_all_ex",
      { include_stats: true, page: 0, page_size: 100, only_fields: ["id", "name"] },
    ],
    ["the last lines of a console", "events.get_task_log", { task: holder, batch_size: 500 }],
    ["a task's curves", "events.scalar_metrics_iter_histogram", { task: holder }],
    ["five tasks' curves", "events.multi_task_scalar_metrics_iter_histogram", { tasks: tasks.slice(0, 5), samples: 1000 }],
  ];
}

async function timed(product: Product, [what, endpoint, body]: Query): Promise<Row> {
  const latency = new Latency();
  for (let round = 0; round < ROUNDS; round++) await latency.measure(() => product.session.call(endpoint, body, { timeoutMs: 120_000 }));
  return { what: `${what}, median / 99th`, ours: String(latency), limit: "-", ratio: "-", aim: "-" };
}

async function whileOthersAskForMuch(product: Product, tasks: readonly TaskId[]): Promise<Row> {
  const over = new AbortController();
  const small = bystander(product.session, "tasks.get_by_id", { task: tasks[7] }, over.signal);
  const much = { tasks: tasks.slice(0, 50), samples: 6000 };
  await Promise.all(
    [0, 1, 2].map(() => product.session.call("events.multi_task_scalar_metrics_iter_histogram", much, { timeoutMs: 600_000 })),
  );
  over.abort();
  return {
    what: "a task by id while others ask for fifty tasks' curves, median / 99th",
    ours: String(await small),
    limit: "-",
    ratio: "-",
    aim: "no stall",
  };
}

async function sizeRow(product: Product, fillRate: number): Promise<Row> {
  const { size } = await stat(join(product.folder, "server", "windlass.db"));
  return {
    what: `store of ${TASKS} tasks and ${(POINTS / 1e6).toFixed(0)} million events, on disk`,
    ours: `${(size / 1024 ** 3).toFixed(1)} GiB`,
    limit: "-",
    ratio: `${fillRate.toFixed(0)} events a second at the end`,
    aim: "-",
  };
}
