import type { MachineStats } from "../../api/wire/worker.ts";
import { MachineProbe } from "../../base/machine/machine-probe.ts";

export type { MachineFigures as HostFigures } from "../../base/machine/machine-probe.ts";

/** Figures of the machine, as means since the last call of the same probe: each user has a probe of its own. */
export class HostProbe extends MachineProbe {
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
