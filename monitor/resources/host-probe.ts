import type { MachineStats } from "../../api/wire/worker.ts";
import { type GpuFigures, GpuProbe } from "./gpu-probe.ts";
import { type HostCounters, readHostCounters } from "./host-counters.ts";

/** Rates and levels of the machine over the time since the last sample. */
export interface HostFigures {
  readonly cpuPercent: number;
  readonly memoryUsedMiB: number;
  readonly memoryFreeMiB: number;
  readonly diskFreePercent: number;
  readonly diskFreeTempPercent: number;
  readonly diskReadMiBs: number;
  readonly diskWriteMiBs: number;
  readonly networkRxMiBs: number;
  readonly networkTxMiBs: number;
  readonly gpus: readonly GpuFigures[];
}

const MIB = 2 ** 20;

/** Figures of the machine, as means since the last call of the same probe: each user has a probe of its own. */
export class HostProbe {
  readonly #gpus: GpuProbe;
  #before: Promise<HostCounters>;

  constructor(gpus: "all" | "none" | readonly string[] = "all") {
    this.#gpus = new GpuProbe(gpus);
    this.#before = readHostCounters();
  }

  async sample(): Promise<HostFigures> {
    const before = await this.#before;
    const now = await readHostCounters();
    this.#before = Promise.resolve(now);
    return figuresBetween(before, now, await this.#gpus.sample());
  }

  /** The same in the units of a worker's report (clearml-agent.md 7): lists for CPU and GPU, MiB, MiB/s, percent. */
  async machineStats(): Promise<MachineStats> {
    const figures = await this.sample();
    const gpu = figures.gpus;
    return {
      cpu_usage: [rounded(figures.cpuPercent)],
      memory_used: rounded(figures.memoryUsedMiB),
      memory_free: rounded(figures.memoryFreeMiB),
      disk_free_home: rounded(figures.diskFreePercent),
      disk_free_temp: rounded(figures.diskFreeTempPercent),
      disk_read: rounded(figures.diskReadMiBs),
      disk_write: rounded(figures.diskWriteMiBs),
      network_rx: rounded(figures.networkRxMiBs),
      network_tx: rounded(figures.networkTxMiBs),
      ...(gpu.length === 0
        ? {}
        : {
            gpu_usage: gpu.map((one) => one.usagePercent),
            gpu_temperature: gpu.map((one) => one.temperatureC),
            gpu_memory_free: gpu.map((one) => one.memoryFreeMiB),
            gpu_memory_used: gpu.map((one) => one.memoryUsedMiB),
          }),
    };
  }
}

export const rounded = (value: number): number => Math.round(value * 1000) / 1000;

function figuresBetween(before: HostCounters, now: HostCounters, gpus: readonly GpuFigures[]): HostFigures {
  const seconds = Math.max((now.atMs - before.atMs) / 1000, 0.001);
  const rate = (name: "diskReadBytes" | "diskWriteBytes" | "networkRxBytes" | "networkTxBytes"): number =>
    Math.max(now[name] - before[name], 0) / MIB / seconds;
  const ticks = now.cpuTotalTicks - before.cpuTotalTicks;
  return {
    cpuPercent: ticks <= 0 ? 0 : (100 * (now.cpuBusyTicks - before.cpuBusyTicks)) / ticks,
    memoryUsedMiB: now.memoryUsedBytes / MIB,
    memoryFreeMiB: now.memoryFreeBytes / MIB,
    diskFreePercent: now.diskFreeHomePercent,
    diskFreeTempPercent: now.diskFreeTempPercent,
    diskReadMiBs: rate("diskReadBytes"),
    diskWriteMiBs: rate("diskWriteBytes"),
    networkRxMiBs: rate("networkRxBytes"),
    networkTxMiBs: rate("networkTxBytes"),
    gpus,
  };
}
