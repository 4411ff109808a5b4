import { setTimeout as pause } from "node:timers/promises";
import { SCHEDULES } from "../../agent/schedules.ts";
import type { QueueId, TaskId } from "../../api/wire/ids.ts";
import type { Product } from "../../test/support/product.ts";
import { cpuSeconds, residentMiB, watchMemory } from "../process-figures.ts";
import type { Row } from "../table.ts";
import { bystander, Latency } from "./latency.ts";

const AGENTS = 10_000;
const QUEUES = 10;
const TASKS = 1_000;
const MINUTE_MS = 60_000;
const HEARTBEAT_MS = 30_000;
const WAIT_MS = 55_000;

/** Ten thousand agents that wait and report, and a thousand tasks in a minute that each of them wants. */
export async function waitingAgents(product: Product): Promise<Row[]> {
  const pid = product.server.child.pid ?? 0;
  const queues = await Promise.all(Array.from({ length: QUEUES }, (_, n) => product.ensureQueue(`waiting ${n}`)));
  const tasks = await manyTasks(product);
  const emptyMiB = await residentMiB(pid);
  const fleet = new Fleet(product, queues);
  await fleet.begin();
  const memory = watchMemory(pid);
  const cpuBefore = await cpuSeconds(pid);
  const others = bystander(product.session, "debug.ping", {}, fleet.over.signal);
  await enqueueInAMinute(product, queues, tasks, fleet);
  const cpu = (await cpuSeconds(pid)) - cpuBefore;
  await fleet.allTaken(tasks.length);
  fleet.over.abort();
  const peak = await memory.stop();
  return [
    {
      what: `${AGENTS} agents wait, ${TASKS} tasks in a minute: enqueued to taken, median / 99th`,
      ours: String(fleet.taken),
      limit: "-",
      ratio: "-",
      aim: "each at once",
    },
    { what: "tasks taken once", ours: `${fleet.takenOnce} of ${TASKS}`, limit: "-", ratio: "-", aim: "all" },
    { what: "a ping meanwhile, median / 99th", ours: String(await others), limit: "-", ratio: "-", aim: "no stall" },
    { what: "server's CPU in that minute", ours: `${cpu.toFixed(1)} s`, limit: "-", ratio: "-", aim: "< 60 s (one core)" },
    {
      what: "server's memory, peak",
      ours: `${peak.toFixed(0)} MiB`,
      limit: `${emptyMiB.toFixed(0)} MiB without agents`,
      ratio: `${(((peak - emptyMiB) * 1024) / AGENTS).toFixed(0)} KiB an agent`,
      aim: "-",
    },
  ];
}

async function manyTasks(product: Product): Promise<TaskId[]> {
  const tasks: TaskId[] = [];
  for (let n = 0; n < TASKS; n++)
    tasks.push(await product.createTask({ script: { entry_point: "bench.py", diff: "pass", binary: "python3" } }));
  return tasks;
}

async function enqueueInAMinute(product: Product, queues: readonly QueueId[], tasks: readonly TaskId[], fleet: Fleet): Promise<void> {
  const start = performance.now();
  for (const [n, task] of tasks.entries()) {
    await pause(Math.max(start + (n * MINUTE_MS) / TASKS - performance.now(), 0));
    fleet.enqueued.set(task, performance.now());
    await product.tasks.enqueue(task, { id: queues[n % QUEUES] as QueueId });
  }
}

/** Agents as the server sees them: a waiting look at their queues, a claim when there is something, and a report every half minute. */
class Fleet {
  readonly enqueued = new Map<TaskId, number>();
  readonly taken = new Latency();
  readonly over = new AbortController();
  readonly #takenBy = new Map<TaskId, number>();
  readonly #product: Product;
  readonly #queues: readonly QueueId[];

  constructor(product: Product, queues: readonly QueueId[]) {
    this.#product = product;
    this.#queues = queues;
  }

  get takenOnce(): number {
    return [...this.#takenBy.values()].filter((times) => times === 1).length;
  }

  /** Until all wait. */
  async begin(): Promise<void> {
    for (let n = 0; n < AGENTS; n++) {
      void this.#looks(this.#queues[n % QUEUES] as QueueId).catch((error: unknown) => this.#failed(error));
      void this.#reports(n).catch((error: unknown) => this.#failed(error));
      if (n % 200 === 0) await pause(100);
    }
    await pause(5_000);
  }

  async allTaken(count: number): Promise<void> {
    for (let tries = 0; this.#takenBy.size < count && tries < 300; tries++) await pause(100);
  }

  async #looks(queue: QueueId): Promise<void> {
    const { signal } = this.over;
    while (!signal.aborted) {
      const { queues } = await this.#product.queues.peek([queue], 1, WAIT_MS, { signal, retry: SCHEDULES.peek });
      for (const { task } of queues.flatMap(({ entries }) => entries)) await this.#claim(queue, task);
    }
  }

  /** Somebody else may be faster. */
  async #claim(queue: QueueId, task: TaskId): Promise<void> {
    const removed = await this.#product.queues.removeTask(queue, task, { retry: SCHEDULES.peek }).catch(() => 0);
    if (removed === 0) return;
    this.taken.add(performance.now() - (this.enqueued.get(task) ?? Number.NaN));
    this.#takenBy.set(task, (this.#takenBy.get(task) ?? 0) + 1);
  }

  async #reports(n: number): Promise<void> {
    const { signal } = this.over;
    await pause(Math.random() * HEARTBEAT_MS, undefined, { signal });
    while (!signal.aborted) {
      const worker = `bench:${n}`;
      await this.#product.session.call(
        "workers.status_report",
        { worker, timestamp: Date.now(), queues: this.#queues.slice(0, 1) },
        { signal },
      );
      await pause(HEARTBEAT_MS, undefined, { signal });
    }
  }

  #failed(error: unknown): void {
    if (!this.over.signal.aborted) process.stderr.write(`an agent broke off: ${String(error)}\n`);
  }
}
