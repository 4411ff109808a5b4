import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import type { TaskId } from "../api/wire/ids.ts";
import { Product } from "../test/support/product.ts";
import { type Row, times } from "./table.ts";

const run = promisify(execFile);
const TASKS = 200;
const AT_ONCE = 4;

/** Empty process tasks a second, from the first start to the last end on the server, against bare spawns of the same command. */
export async function taskRate(command: readonly string[]): Promise<Row> {
  await using product = await Product.start({ command });
  await product.ensureQueue("rate");
  const script = { entry_point: "empty.py", diff: "pass\n", binary: "python3" };
  const ids: TaskId[] = [];
  for (let n = 0; n < TASKS; n++) ids.push(await product.enqueue("rate", { script }));
  await product.startDaemon({ queues: ["rate"], args: ["--slots", String(AT_ONCE)] });
  const tasks = [];
  for (const id of ids) tasks.push(await product.ended(id, 300_000));
  if (tasks.some((task) => task.status !== "completed")) throw new Error("a task did not complete");
  const started = Math.min(...tasks.map((task) => Date.parse(task.started ?? "")));
  const ended = Math.max(...tasks.map((task) => Date.parse(task.completed ?? "")));
  const ours = TASKS / ((ended - started) / 1000);
  const limit = await bareRate();
  return {
    what: "empty process tasks a second",
    ours: ours.toFixed(1),
    limit: `${limit.toFixed(1)} bare spawn`,
    ratio: times(ours / limit, "the rate"),
    aim: "≥ 20 a second",
  };
}

async function bareRate(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-bench-"));
  await writeFile(join(folder, "empty.py"), "pass\n");
  const start = performance.now();
  const lane = async (): Promise<void> => {
    for (let n = 0; n < TASKS / AT_ONCE; n++) await run("python3", ["-u", "empty.py"], { cwd: folder });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return TASKS / ((performance.now() - start) / 1000);
}
