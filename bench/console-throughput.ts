import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, open, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import type { Product, ProgramProcess } from "../test/support/product.ts";
import { watchMemory } from "./process-figures.ts";
import { type Row, times } from "./table.ts";

const run = promisify(execFile);
const BYTES = 200_000_000;
const LINE = `${"all work and no play makes a dull console ".repeat(2).padEnd(99, ".")}\n`;
const PROGRAM = `
import os, time
block = ${JSON.stringify(LINE)}.encode() * 640
left = ${BYTES}
start = time.time()
while left > 0:
    left -= os.write(1, block[:left])
took = "%.3f" % (time.time() - start)
os.write(1, ("\\ntook " + took + "\\n").encode())
if os.environ.get("TOOK"): open(os.environ["TOOK"], "w").write(took)
`;

/** 200 MB through a container: all of it acknowledged by the server, against `docker logs -f` into a file. */
export async function consoleThroughput(product: Product, daemon: ProgramProcess, queue: string, image: string): Promise<Row[]> {
  const memory = watchMemory(daemon.child.pid ?? 0);
  const start = performance.now();
  const task = await product.run(
    queue,
    { script: { entry_point: "loud.py", diff: PROGRAM, binary: "python3" }, container: { image } },
    300_000,
  );
  const oursMs = performance.now() - start;
  const peakMiB = await memory.stop();
  const console = await product.consoleOf(task.id);
  const logsMs = await dockerLogs(image);
  const oursProgram = Number(/\ntook ([\d.]+)\n/.exec(console)?.[1]);
  const bareProgram = await withoutLog(image);
  const rate = (ms: number): string => `${(BYTES / 1e6 / (ms / 1000)).toFixed(0)} MB/s`;
  return [
    {
      what: "console, 200 MB to the server",
      ours: rate(oursMs),
      limit: `${rate(logsMs)} docker logs -f`,
      ratio: times(logsMs / oursMs, "the rate"),
      aim: "≥ 1.0",
    },
    {
      what: "the program meanwhile",
      ours: `${oursProgram.toFixed(2)} s`,
      limit: `${bareProgram.toFixed(2)} s --log-driver none`,
      ratio: times(oursProgram / bareProgram, "the time"),
      aim: "≈ 1",
    },
    { what: "agent's memory meanwhile, peak", ours: `${peakMiB.toFixed(0)} MiB`, limit: "-", ratio: "-", aim: "flat" },
    { what: "every byte exact", ours: String(isExact(console)), limit: "-", ratio: "-", aim: "true" },
  ];
}

function isExact(console: string): boolean {
  const expected = createHash("sha256")
    .update(LINE.repeat(Math.ceil(BYTES / LINE.length)).slice(0, BYTES))
    .digest("hex");
  const begin = console.indexOf(LINE);
  return (
    createHash("sha256")
      .update(console.slice(begin, begin + BYTES))
      .digest("hex") === expected
  );
}

async function dockerLogs(image: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-bench-"));
  const file = await open(join(folder, "log"), "w");
  const start = performance.now();
  const { stdout } = await run("docker", ["run", "-d", image, "python3", "-c", PROGRAM]);
  const logs = spawn("docker", ["logs", "-f", stdout.trim()], { stdio: ["ignore", file.fd, file.fd] });
  await once(logs, "close");
  const tookMs = performance.now() - start;
  await file.close();
  await run("docker", ["rm", "-f", stdout.trim()]);
  return tookMs;
}

/** How long the program itself takes to print when nobody reads: seconds. */
async function withoutLog(image: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-bench-"));
  await run("docker", [
    "run",
    "--rm",
    "--log-driver",
    "none",
    "-e",
    "TOOK=/out/took",
    "-v",
    `${folder}:/out`,
    image,
    "sh",
    "-c",
    'exec "$@" >/out/log',
    "sh",
    "python3",
    "-c",
    PROGRAM,
  ]);
  return Number(await readFile(join(folder, "took"), "utf8"));
}
