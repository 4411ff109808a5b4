import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Config } from "../agent/config.ts";

const run = promisify(execFile);

/**
 * GPUs that were asked for by number and that this machine does not have. Only a warning: with an engine on another machine
 * they may be there.
 */
export async function warnAboutGpus({ gpus }: Pick<Config, "gpus">, tool = "nvidia-smi"): Promise<void> {
  if (typeof gpus === "string") return;
  const there = await indexes(tool);
  const missing = gpus.filter((gpu) => /^\d/.test(gpu) && !there.includes(gpu.split(/[.:]/)[0] ?? ""));
  if (missing.length === 0) return;
  const has = there.length === 0 ? `${tool} finds no GPU on this machine` : `this machine has only ${there.join(", ")}`;
  process.stderr.write(`windlass: --gpus ${gpus.join(",")}: ${has}; tasks are told to use ${missing.join(",")} all the same\n`);
}

async function indexes(tool: string): Promise<string[]> {
  const query = ["--query-gpu=index", "--format=csv,noheader"];
  const { stdout } = await run(tool, query, { timeout: 5_000 }).catch(() => ({ stdout: "" }));
  return stdout.split("\n").flatMap((line) => (/^\d+$/.test(line.trim()) ? [line.trim()] : []));
}
