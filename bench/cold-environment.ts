import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import type { Product } from "../test/support/product.ts";
import { inMs, median, type Row, times } from "./table.ts";

const run = promisify(execFile);
const ROUNDS = 3;

/** A task whose environment has to be made, against `venv` and `pip install` by hand (both with pip's cache warm). */
export async function coldProcessEnvironment(product: Product, queue: string): Promise<Row> {
  const ours: number[] = [];
  const limit: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await oneTask(product, queue, round));
    limit.push(await byHand(round));
  }
  const ratio = median(ours) / median(limit);
  return {
    what: "cold environment, process",
    ours: inMs(median(ours)),
    limit: `${inMs(median(limit))} venv + pip by hand`,
    ratio: times(ratio, "the time"),
    aim: "≤ 1.5",
  };
}

/** A comment makes each round's requirements a content of their own where comments count, a marker does so for certain. */
const requirementsOf = (round: number): string => `six==1.16.0 ; python_version > "3.${round}"\n`;

async function oneTask(product: Product, queue: string, round: number): Promise<number> {
  const start = performance.now();
  const script = { entry_point: "main.py", diff: "import six\n", binary: "python3", requirements: { pip: requirementsOf(round) } };
  const task = await product.run(queue, { script });
  if (task.status !== "completed") throw new Error(await product.consoleOf(task.id));
  return performance.now() - start;
}

async function byHand(round: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-bench-"));
  await writeFile(join(folder, "requirements.txt"), requirementsOf(round));
  const start = performance.now();
  await run("python3", ["-m", "venv", join(folder, "venv")]);
  const python = join(folder, "venv/bin/python");
  await run(python, ["-m", "pip", "install", "--disable-pip-version-check", "-q", "-r", join(folder, "requirements.txt")]);
  await run(python, ["-c", "import six"]);
  const tookMs = performance.now() - start;
  await rm(folder, { recursive: true });
  return tookMs;
}
