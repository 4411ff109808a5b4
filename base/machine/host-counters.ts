import { statfs } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { kilobytesOf, procText, SECTOR_BYTES } from "./proc-files.ts";

/** Counters and levels of the machine at one moment, from /proc. */
export interface HostCounters {
  readonly atMs: number;
  /** Ticks since boot, of all cores together. */
  readonly cpuBusyTicks: number;
  readonly cpuTotalTicks: number;
  readonly memoryUsedBytes: number;
  readonly memoryFreeBytes: number;
  readonly diskReadBytes: number;
  readonly diskWriteBytes: number;
  readonly networkRxBytes: number;
  readonly networkTxBytes: number;
  readonly diskFreeHomePercent: number;
  readonly diskFreeTempPercent: number;
}

export async function readHostCounters(): Promise<HostCounters> {
  const [stat = "", memory = "", disks = "", network = ""] = await Promise.all(
    ["/proc/stat", "/proc/meminfo", "/proc/diskstats", "/proc/net/dev"].map(procText),
  );
  const [home, temp] = await Promise.all([freePercent(homedir()), freePercent(tmpdir())]);
  const available = kilobytesOf(memory, "MemAvailable");
  return {
    atMs: Date.now(),
    ...cpuTicks(stat),
    memoryUsedBytes: kilobytesOf(memory, "MemTotal") - available,
    memoryFreeBytes: available,
    ...diskBytes(disks),
    ...networkBytes(network),
    diskFreeHomePercent: home,
    diskFreeTempPercent: temp,
  };
}

function cpuTicks(stat: string): { cpuBusyTicks: number; cpuTotalTicks: number } {
  const ticks = (/^cpu\s+(.*)$/m.exec(stat)?.[1] ?? "").trim().split(/\s+/).slice(0, 8).map(Number);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { cpuBusyTicks: total - idle, cpuTotalTicks: total };
}

/** Whole disks only: their partitions and stacked devices would count the same bytes again. */
const WHOLE_DISK = /^(sd[a-z]+|vd[a-z]+|xvd[a-z]+|hd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/;

function diskBytes(disks: string): { diskReadBytes: number; diskWriteBytes: number } {
  const rows = disks
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((row) => WHOLE_DISK.test(row[2] ?? ""));
  const sum = (column: number): number => rows.reduce((total, row) => total + Number(row[column] ?? 0) * SECTOR_BYTES, 0);
  return { diskReadBytes: sum(5), diskWriteBytes: sum(9) };
}

/** Received and sent on all interfaces but the loopback. */
export function networkBytes(text: string): { networkRxBytes: number; networkTxBytes: number } {
  let [networkRxBytes, networkTxBytes] = [0, 0];
  for (const line of text.split("\n")) {
    const [name, values] = line.split(":");
    if (values === undefined || name?.trim() === "lo") continue;
    const columns = values.trim().split(/\s+/).map(Number);
    networkRxBytes += columns[0] ?? 0;
    networkTxBytes += columns[8] ?? 0;
  }
  return { networkRxBytes, networkTxBytes };
}

async function freePercent(path: string): Promise<number> {
  try {
    const { bavail, blocks } = await statfs(path);
    return (100 * bavail) / blocks;
  } catch {
    return 0;
  }
}
