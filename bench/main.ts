import { execFileSync } from "node:child_process";
import { Product } from "../test/support/product.ts";
import { coldProcessEnvironment } from "./cold-environment.ts";
import { consoleThroughput } from "./console-throughput.ts";
import { idle } from "./idle.ts";
import { packedCommand } from "./packed.ts";
import { printTable, type Row } from "./table.ts";
import { taskClass } from "./task-class.ts";
import { taskRate } from "./task-rate.ts";
import { warmStart } from "./warm-start.ts";

/**
 * `npm run bench [PART …]`: measures Windlass as ratios against a limit in the same run and prints one table. It uses
 * the packed JavaScript, as a user has it. Parts: warm, cold, console, rate, idle, task; all without arguments.
 */
const PARTS = ["warm", "cold", "console", "rate", "idle", "task"] as const;
const wanted = new Set(process.argv.slice(2));
const wants = (part: (typeof PARTS)[number]): boolean => wanted.size === 0 || wanted.has(part);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

say("packing and installing windlass …");
const command = await packedCommand();
const image = hasDocker() ? await benchImage() : undefined;
if (image === undefined) say("no Docker engine answers: its rows are left out");
const rows: Row[] = [];
if (wants("warm") || wants("cold") || wants("console")) rows.push(...(await withAgents()));
if (wants("rate")) rows.push(...(await taskRate(command)));
if (wants("idle")) rows.push(...(await idle(command)));
if (wants("task")) rows.push(...(await taskClass()));
printTable(rows);

async function withAgents(): Promise<Row[]> {
  const found: Row[] = [];
  await using product = await Product.start({ command });
  await product.startDaemon({ queues: ["processes"] });
  if (wants("warm")) found.push(await warmStart(product, { name: "process", queue: "processes", image: undefined }));
  if (wants("cold")) found.push(await coldProcessEnvironment(product, "processes"));
  if (image !== undefined) {
    const daemon = await product.startDaemon({ queues: ["containers"], args: ["--docker", image] });
    if (wants("warm")) found.push(await warmStart(product, { name: "Docker", queue: "containers", image }));
    if (wants("console")) found.push(...(await consoleThroughput(product, daemon, "containers", image)));
  }
  return found;
}

function hasDocker(): boolean {
  try {
    execFileSync("docker", ["info"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function benchImage(): Promise<string> {
  const { baseImage } = await import("../test/support/docker.ts");
  return await baseImage();
}
