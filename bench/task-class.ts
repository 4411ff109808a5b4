import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { PythonSdk } from "../test/support/python-sdk.ts";
import { inMs, median, type Row, times } from "./table.ts";

const run = promisify(execFile);
const SCALARS = 100_000;
const ROUNDS = 5;

/** What a program prints of itself, in ms. */
interface Costs {
  readonly init: number;
  readonly loop: number;
  /** From the end of the loop until the server has all. */
  readonly stored: number;
  /** Of a task that reported nothing. */
  readonly close: number;
}

const NODE = `
import { Task } from "windlass-task";
const now = () => performance.now();
const costs = {};
let from = now();
const empty = await Task.init({ projectName: "Bench", taskName: "empty", reuseLastTaskId: false });
costs.init = now() - from;
from = now();
await empty.close();
costs.close = now() - from;
if (process.argv[2] === "loop") {
  const task = await Task.init({ projectName: "Bench", taskName: "loop", reuseLastTaskId: false });
  from = now();
  for (let iteration = 0; iteration < ${SCALARS}; iteration++) task.logger.reportScalar({ title: "loss", series: "train", iteration, value: iteration % 10 });
  costs.loop = now() - from;
  from = now();
  await task.flush();
  costs.stored = now() - from;
}
console.log("done " + JSON.stringify(costs));`;

const PYTHON = `
import json, time
from clearml import Task
now, costs = lambda: time.time() * 1000, {}
begun = now()
task = Task.init("Bench", "empty", reuse_last_task_id=False)
costs["init"] = now() - begun
begun = now()
task.close()
costs["close"] = now() - begun
task = Task.init("Bench", "loop", reuse_last_task_id=False)
logger = task.get_logger()
begun = now()
for iteration in range(${SCALARS}):
    logger.report_scalar("loss", "train", iteration % 10, iteration)
costs["loop"] = now() - begun
begun = now()
task.flush(wait_for_uploads=True)
costs["stored"] = now() - begun
print("done " + json.dumps(costs))`;

/** What recording costs a program, against the official SDK doing the same on the same server. */
export async function taskClass(): Promise<Row[]> {
  await using sdk = await PythonSdk.start();
  const ours = await costsHere(sdk);
  const theirs = (await sdk.command("python", ["-c", PYTHON], { CLEARML_API_HOST: sdk.server.apiUrl })).said as Costs;
  const row = (what: string, name: keyof Costs, aim: string): Row => {
    const limit = `${inMs(theirs[name])} official SDK`;
    return { what, ours: inMs(ours[name]), limit, ratio: times(ours[name] / theirs[name], "the time"), aim };
  };
  return [
    row("Task.init", "init", "≤ 50 ms"),
    row("100,000 scalars: the loop is held up", "loop", "≤ 1 s"),
    row("until all are stored", "stored", "≤ 5 s"),
    row("close of an empty task", "close", "≤ 0.5 s"),
  ];
}

async function costsHere(sdk: PythonSdk): Promise<Costs> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-bench-task-"));
  const { stdout } = await run(process.execPath, [resolve(import.meta.dirname, "../scripts/pack-task.ts"), folder]);
  await writeFile(join(folder, "package.json"), '{"private": true, "type": "module"}');
  await run("npm", ["install", "--silent", "--no-audit", "--no-fund", stdout.trim()], { cwd: folder });
  await writeFile(join(folder, "program.js"), NODE);
  const env = { ...process.env, CLEARML_CONFIG_FILE: sdk.server.configPath, CLEARML_CACHE_DIR: join(folder, "cache") };
  const one = async (...args: string[]): Promise<Costs> => {
    const ended = await run(process.execPath, ["program.js", ...args], { cwd: folder, env });
    return JSON.parse(/^done (.*)$/m.exec(ended.stdout)?.[1] ?? "{}") as Costs;
  };
  const rounds = await Array.fromAsync({ length: ROUNDS }, async () => await one());
  const { loop, stored } = await one("loop");
  return { init: median(rounds.map(({ init }) => init)), close: median(rounds.map(({ close }) => close)), loop, stored };
}
