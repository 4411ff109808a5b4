import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Config } from "../agent/config.ts";

const run = promisify(execFile);

/** Only a warning: with an engine on another machine the GPUs may be there. */
export async function warnAboutGpus({ gpus }: Pick<Config, "gpus">): Promise<void> {
  const warning = await missingGpus(gpus);
  if (warning !== undefined) process.stderr.write(`windlass: ${warning}\n`);
}

/** A sentence about GPUs that were asked for by number and that this machine does not have. */
export async function missingGpus(gpus: Config["gpus"], tool = "nvidia-smi"): Promise<string | undefined> {
  const numbered = typeof gpus === "string" ? [] : gpus.filter((gpu) => /^\d/.test(gpu));
  if (typeof gpus === "string" || numbered.length === 0) return undefined;
  const there = await indexes(tool);
  const missing = numbered.filter((gpu) => !there.includes(gpu.split(/[.:]/)[0] ?? ""));
  if (missing.length === 0) return undefined;
  const has = there.length === 0 ? `${tool} finds no GPU on this machine` : `this machine has only ${there.join(", ")}`;
  return `--gpus ${gpus.join(",")}: ${has}; tasks are told to use ${missing.join(",")} all the same`;
}

async function indexes(tool: string): Promise<string[]> {
  const query = ["--query-gpu=index", "--format=csv,noheader"];
  const { stdout } = await run(tool, query, { timeout: 5_000 }).catch(() => ({ stdout: "" }));
  return stdout.split("\n").flatMap((line) => (/^\d+$/.test(line.trim()) ? [line.trim()] : []));
}
