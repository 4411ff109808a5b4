import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const TICKS_PER_SECOND = 100;

/** Resident memory of a process in MiB, from /proc. */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** CPU seconds (user and system) that a process has used so far. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Watches a process's resident memory until stopped; the answer is its peak in MiB. */
export function watchMemory(pid: number): { stop(): Promise<number> } {
  let peak = 0;
  let going = true;
  const loop = (async () => {
    while (going) {
      peak = Math.max(peak, await residentMiB(pid).catch(() => 0));
      await pause(50);
    }
  })();
  return {
    async stop() {
      going = false;
      await loop;
      return peak;
    },
  };
}
