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

interface Empty {
  readonly what: string;
  readonly file: string;
  readonly text: string;
  readonly argv: readonly [string, ...string[]];
}

/** Python's own start may cost more than all that the agent does; a shell's shows the agent alone. */
const PROGRAMS: readonly Empty[] = [
  { what: "Python", file: "empty.py", text: "pass\n", argv: ["python3", "-u"] },
  { what: "shell", file: "empty.sh", text: "true\n", argv: ["sh"] },
];

/** Empty process tasks a second, from the first start to the last end on the server, against bare spawns of the same command. */
export async function taskRate(command: readonly string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const empty of PROGRAMS) {
    const [ours, limit] = [await agentsRate(command, empty), await bareRate(empty)];
    rows.push({
      what: `empty ${empty.what} tasks a second`,
      ours: ours.toFixed(1),
      limit: `${limit.toFixed(1)} bare spawn`,
      ratio: times(ours / limit, "the rate"),
      aim: "≥ 20 a second",
    });
  }
  return rows;
}

async function agentsRate(command: readonly string[], { file, text, argv }: Empty): Promise<number> {
  await using product = await Product.start({ command });
  await product.ensureQueue("rate");
  const script = { entry_point: file, diff: text, binary: argv[0] };
  const ids: TaskId[] = [];
  for (let n = 0; n < TASKS; n++) ids.push(await product.enqueue("rate", { script }));
  await product.startDaemon({ queues: ["rate"], args: ["--slots", String(AT_ONCE)] });
  const tasks = [];
  for (const id of ids) tasks.push(await product.ended(id, 300_000));
  if (tasks.some((task) => task.status !== "completed")) throw new Error("a task did not complete");
  const started = Math.min(...tasks.map((task) => Date.parse(task.started ?? "")));
  const ended = Math.max(...tasks.map((task) => Date.parse(task.completed ?? "")));
  return TASKS / ((ended - started) / 1000);
}

async function bareRate({ file, text, argv: [program, ...before] }: Empty): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-bench-"));
  await writeFile(join(folder, file), text);
  const start = performance.now();
  const lane = async (): Promise<void> => {
    for (let n = 0; n < TASKS / AT_ONCE; n++) await run(program, [...before, file], { cwd: folder });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return TASKS / ((performance.now() - start) / 1000);
}
