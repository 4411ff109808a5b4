import { type GpuFigures, GpuProbe } from "./gpu-probe.ts";
import { type HostCounters, readHostCounters } from "./host-counters.ts";

/** Rates and levels of the machine over the time since the last sample. */
export interface MachineFigures {
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
export class MachineProbe {
  readonly #gpus: GpuProbe;
  #before: Promise<HostCounters>;

  constructor(gpus: "all" | "none" | readonly string[] = "all") {
    this.#gpus = new GpuProbe(gpus);
    this.#before = readHostCounters();
  }

  async sample(): Promise<MachineFigures> {
    const before = await this.#before;
    const now = await readHostCounters();
    this.#before = Promise.resolve(now);
    return figuresBetween(before, now, await this.#gpus.sample());
  }
}

function figuresBetween(before: HostCounters, now: HostCounters, gpus: readonly GpuFigures[]): MachineFigures {
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
