import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { codeOf } from "../errors.ts";

/** Figures of one GPU at one moment. */
export interface GpuFigures {
  readonly index: string;
  readonly usagePercent: number;
  readonly temperatureC: number;
  readonly memoryUsedMiB: number;
  readonly memoryFreeMiB: number;
}

const QUERY = "index,utilization.gpu,temperature.gpu,memory.used,memory.free";
const run = promisify(execFile);

/** Whether this machine has no `nvidia-smi`: it is asked once, and never again by any probe. */
let isAbsent = false;

/** Asks `nvidia-smi`. */
export class GpuProbe {
  readonly #selection: "all" | "none" | readonly string[];
  #absent = false;

  constructor(selection: "all" | "none" | readonly string[]) {
    this.#selection = selection;
    this.#absent = selection === "none";
  }

  async sample(): Promise<readonly GpuFigures[]> {
    if (this.#absent || isAbsent) return [];
    try {
      const { stdout } = await run("nvidia-smi", [`--query-gpu=${QUERY}`, "--format=csv,noheader,nounits"], { timeout: 5_000 });
      return parseGpuTable(stdout).filter((gpu) => this.#wants(gpu.index));
    } catch (error) {
      this.#absent = true;
      isAbsent ||= codeOf(error) === "ENOENT";
      return [];
    }
  }

  #wants(index: string): boolean {
    return typeof this.#selection === "string" || this.#selection.some((chosen) => chosen.split(/[.:]/)[0] === index);
  }
}

/** `[N/A]` (a MIG parent, say) counts as 0. */
export function parseGpuTable(table: string): GpuFigures[] {
  const rows = table
    .trim()
    .split("\n")
    .filter((line) => line !== "");
  return rows.map((line) => {
    const [index = "", ...rest] = line.split(",").map((cell) => cell.trim());
    const [usagePercent = 0, temperatureC = 0, memoryUsedMiB = 0, memoryFreeMiB = 0] = rest.map((cell) => Number(cell) || 0);
    return { index, usagePercent, temperatureC, memoryUsedMiB, memoryFreeMiB };
  });
}
