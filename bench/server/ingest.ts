import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import type { TaskId } from "../../api/wire/ids.ts";
import type { Product } from "../../test/support/product.ts";
import { watchMemory } from "../process-figures.ts";
import { type Row, times } from "../table.ts";
import { bystander, Latency } from "./latency.ts";

const SENDERS = 4;
const LINES_IN_BATCH = 2_000;
const SECONDS = 20;

type EventOf = (task: TaskId, n: number, nowMs: number) => object;

const logLine: EventOf = (task, n, nowMs) => ({
  ...{ task, type: "log", level: "INFO", worker: "bench:0", timestamp: nowMs + n },
  msg: `epoch ${n % 100} step ${n} loss ${(1 / (n + 1)).toFixed(6)} accuracy ${((n % 97) / 97).toFixed(4)} on the training set\n`,
});
const point: EventOf = (task, n, nowMs) => ({
  ...{ task, type: "training_stats_scalar", worker: "bench:0", timestamp: nowMs + n },
  ...{ metric: `metric ${n % 10}`, variant: `series ${Math.floor(n / 10) % 10}`, iter: Math.floor(n / 100), value: Math.sin(n) },
});

/** Log lines and scalar points, sent in batches by several clients at once; and what others meanwhile wait for their small calls. */
export async function ingest(product: Product): Promise<Row[]> {
  const limit = await bareInserts();
  return [
    ...(await ingestOf(product, "log lines", logLine, limit, "≥ 50000 a second")),
    ...(await ingestOf(product, "scalar points", point, limit, "-")),
  ];
}

async function ingestOf(product: Product, what: string, event: EventOf, limit: number, aim: string): Promise<Row[]> {
  const memory = watchMemory(product.server.child.pid ?? 0);
  const over = new AbortController();
  const others = bystander(product.session, "tasks.get_all", { page: 0, page_size: 20, only_fields: ["id", "status"] }, over.signal);
  const start = performance.now();
  const batches = new Latency();
  const sent = await Promise.all(Array.from({ length: SENDERS }, () => sender(product, event, start + SECONDS * 1000, batches)));
  const rate = sent.reduce((sum, count) => sum + count, 0) / ((performance.now() - start) / 1000);
  over.abort();
  const [meanwhile, peak] = [await others, await memory.stop()];
  return [
    {
      what: `${what} a second, in batches of ${LINES_IN_BATCH}`,
      ours: rate.toFixed(0),
      limit: `${limit.toFixed(0)} bare SQLite inserts`,
      ratio: times(rate / limit, "the rate"),
      aim,
    },
    { what: `a batch of ${what}, median / 99th`, ours: String(batches), limit: "-", ratio: "-", aim: "-" },
    { what: "a list of tasks meanwhile, median / 99th", ours: String(meanwhile), limit: "-", ratio: "-", aim: "no stall" },
    { what: "server's memory meanwhile, peak", ours: `${peak.toFixed(0)} MiB`, limit: "-", ratio: "-", aim: "flat" },
  ];
}

/** What one client got in before the time was over. */
async function sender(product: Product, event: EventOf, untilMs: number, batches: Latency): Promise<number> {
  const task = await product.createTask({ script: { entry_point: "bench.py", diff: "pass", binary: "python3" } });
  let sent = 0;
  for (; performance.now() < untilMs; sent += LINES_IN_BATCH) {
    const nowMs = Date.now();
    const lines = Array.from({ length: LINES_IN_BATCH }, (_, n) => JSON.stringify(event(task, sent + n, nowMs))).join("\n");
    const { added } = await batches.measure(() => product.session.callLines<{ added: number }>("events.add_batch", lines));
    if (added !== LINES_IN_BATCH) throw new Error(`the server took ${added} of ${LINES_IN_BATCH} events`);
  }
  return sent;
}

/** Rows a second that SQLite itself takes, in transactions of the same size: the same columns and index, and nothing around them. */
async function bareInserts(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-bench-"));
  const db = new Sqlite(join(folder, "bare.db"));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = NORMAL");
  db.exec("CREATE TABLE lines (seq INTEGER PRIMARY KEY, task INTEGER, timestamp INTEGER, worker TEXT, level TEXT, msg TEXT)");
  db.exec("CREATE INDEX lines_task ON lines (task, timestamp)");
  const insert = db.prepare("INSERT INTO lines (task, timestamp, worker, level, msg) VALUES (?, ?, ?, ?, ?)");
  const batch = db.transaction((from: number) => {
    for (let n = from; n < from + LINES_IN_BATCH; n++)
      insert.run(n % 4, n, "bench:0", "INFO", `epoch ${n % 100} step ${n} loss and accuracy on the set\n`);
  });
  const start = performance.now();
  let rows = 0;
  for (; performance.now() - start < 3_000; rows += LINES_IN_BATCH) batch(rows);
  const rate = rows / ((performance.now() - start) / 1000);
  db.close();
  await rm(folder, { recursive: true, force: true });
  return rate;
}
