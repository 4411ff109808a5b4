import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Client } from "../agent/client.ts";
import { ensureProject } from "../api/projects.ts";
import type { ScalarCurves } from "../api/wire/event.ts";
import type { Task } from "../api/wire/task.ts";
import { clientFromEnvironment } from "../cli/client.ts";
import { ConsoleText } from "../cli/console-text.ts";
import { followConsole } from "../cli/follow-console.ts";

/**
 * The demo: `windlass up` on free ports with its data in a temporary folder, one task from a git repository made of
 * examples/training, its console live, then the same task again, for which nothing is built. Nothing is left running.
 */
const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "..");
const QUEUE = "default";

const folder = await mkdtemp(join(tmpdir(), "windlass-demo-"));
const image = await chooseImage();
const windlass = spawn(
  process.execPath,
  [
    join(ROOT, "cli/main.ts"),
    "up",
    "--data",
    folder,
    "--api-port",
    "0",
    "--files-port",
    "0",
    "--queue",
    QUEUE,
    ...(image === undefined ? [] : ["--docker", image]),
  ],
  {
    stdio: ["ignore", "pipe", "pipe"],
  },
);
let log = "";
windlass.stderr.on("data", (chunk: Buffer) => {
  log += chunk.toString();
});
try {
  await ready();
  process.env["CLEARML_CONFIG_FILE"] = join(folder, "clearml.conf");
  for (const name of ["CLEARML_API_HOST", "CLEARML_API_ACCESS_KEY", "CLEARML_API_SECRET_KEY"]) delete process.env[name];
  const client = await clientFromEnvironment();
  const repository = await makeRepository();
  say("first run");
  const first = await oneRun(client, repository);
  showFigures(await client.events.curves(first.id));
  say(`first run: ${environmentOf(first)}; now the same task again`);
  say(`second run: ${environmentOf(await oneRun(client, repository))}`);
  say("done: this was Windlass from the queue to the last line");
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${String(error)}\n${log.slice(-4000)}\n`);
} finally {
  if (windlass.exitCode === null) {
    windlass.kill("SIGTERM");
    await once(windlass, "exit");
  }
  await rm(folder, { recursive: true, force: true });
}

function say(text: string): void {
  process.stdout.write(`\n=== ${text}\n`);
}

async function ready(): Promise<void> {
  let output = "";
  for await (const chunk of windlass.stdout) {
    process.stdout.write(chunk as Buffer);
    output += (chunk as Buffer).toString();
    if (/^ready/m.test(output)) return;
  }
  throw new Error("windlass up ended before it was ready");
}

/** Docker, if an engine answers and a Python image can be had; else processes. Says which, and why. */
async function chooseImage(): Promise<string | undefined> {
  const hasEngine = await run("docker", ["info"], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
  if (!hasEngine) return without("no Docker engine answers");
  const named = process.env["WINDLASS_DEMO_IMAGE"];
  if (named !== undefined) return withImage(named, "WINDLASS_DEMO_IMAGE names it");
  const { stdout } = await run("docker", ["images", "--format", "{{.Repository}}:{{.Tag}}"]);
  const local = stdout.split("\n").find((name) => /(^|\/|-)python(:|-)/.test(name) && !name.includes("<none>"));
  if (local !== undefined) return withImage(local, "it is on this machine");
  say("no Python image is on this machine: pulling python:3.12-slim (at most two minutes)");
  const pulled = await run("docker", ["pull", "-q", "python:3.12-slim"], { timeout: 120_000 }).then(
    () => true,
    () => false,
  );
  return pulled
    ? withImage("python:3.12-slim", "it was pulled")
    : without("no Python image can be pulled (name one with WINDLASS_DEMO_IMAGE)");
}

function withImage(name: string, why: string): string {
  say(`tasks run in Docker, image ${name}: ${why}`);
  return name;
}

function without(why: string): undefined {
  say(`tasks run as processes: ${why}`);
  return undefined;
}

async function makeRepository(): Promise<{ url: string; commit: string }> {
  const url = join(folder, "training-repository");
  await cp(join(ROOT, "examples/training"), url, { recursive: true });
  const git = (...args: string[]): Promise<{ stdout: string }> =>
    run("git", ["-C", url, "-c", "user.name=demo", "-c", "user.email=demo@example.org", ...args]);
  await git("init", "-q", "-b", "main");
  await git("add", "-A");
  await git("commit", "-q", "-m", "A small training");
  return { url, commit: (await git("rev-parse", "HEAD")).stdout.trim() };
}

/** The agent's last word on a completed run says where the time went. */
function environmentOf({ status_message: timings = "" }: Task): string {
  if (timings.includes("environment built")) return "its environment was built";
  return "its environment was there already, nothing was built";
}

async function oneRun(client: Client, repository: { url: string; commit: string }): Promise<Task> {
  const project = await ensureProject(client.session, "Windlass demo");
  const parameter = (name: string, value: string): object => ({ section: "Args", name, value });
  const task = await client.tasks.create({
    name: "a small training",
    type: "training",
    project,
    script: { repository: repository.url, version_num: repository.commit, entry_point: "train.py", binary: "python3" },
    container: {
      ...(image === undefined ? {} : { image }),
      setup_shell_script: await readFile(join(ROOT, "examples/training/setup.sh"), "utf8"),
    },
    hyperparams: { Args: { epochs: parameter("epochs", "25"), rate: parameter("rate", "0.1") } },
  });
  process.stdout.write(`task ${task}\n`);
  await client.tasks.enqueue(task, { name: QUEUE });
  const console = new ConsoleText((text) => void process.stdout.write(text), process.stdout.isTTY === true);
  const ended = await followConsole(client, task, (event) => console.show(event), new AbortController().signal);
  console.end();
  if (ended?.status !== "completed") throw new Error(`the task ended as ${ended?.status}: ${ended?.status_reason}`);
  return ended;
}

/** CPU and memory of the run, as small charts. */
function showFigures(curves: ScalarCurves): void {
  const machine = curves[":monitor:machine"] ?? {};
  process.stdout.write("\n");
  for (const [variant, title, unit] of [
    ["run cpu_usage", "CPU", "%"],
    ["run memory_mb", "memory", "MiB"],
  ] as const) {
    const values = machine[variant]?.y ?? [];
    process.stdout.write(`${title.padEnd(7)} ${chart(values)} up to ${Math.max(0, ...values).toFixed(0)} ${unit}\n`);
  }
}

function chart(values: readonly number[]): string {
  const top = Math.max(...values, 1e-9);
  return values.map((value) => "▁▂▃▄▅▆▇█"[Math.min(7, Math.floor((8 * value) / top))] ?? "▁").join("");
}
