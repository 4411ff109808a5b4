import { backgroundClock, SECOND_MS } from "../base/clock.ts";
import { type MachineFigures, MachineProbe } from "../base/machine/machine-probe.ts";

export interface MonitorTiming {
  /** Seconds until the first figures, and between two of them; 30 by default. */
  readonly secondsFromStart: number;
  /** Without iterations by then, figures stand over the seconds since the start; 180 by default. */
  readonly waitForFirstIterationSec: number;
  /** Iterations that begin later than this do not bring the x-axis back; 1800 by default. */
  readonly maxWaitForFirstIterationSec: number;
}

export const MONITOR_TIMING: MonitorTiming = { secondsFromStart: 30, waitForFirstIterationSec: 180, maxWaitForFirstIterationSec: 1800 };

export interface MonitorOptions {
  readonly timing: MonitorTiming;
  /** The last iteration that the program reported; undefined: none yet. */
  readonly iteration: () => number | undefined;
  /** A value of one of the server's `:monitor:` plots. */
  readonly report: (title: string, series: string, iteration: number, value: number) => void;
  readonly signal: AbortSignal;
}

/** Reports machine and GPUs until the signal aborts, under the official SDK's names (task-class.md E4). */
export async function monitorResources({ timing, iteration, report, signal }: MonitorOptions): Promise<void> {
  const probe = new MachineProbe();
  const startMs = backgroundClock.monotonic();
  let usesSeconds = false;
  while (!signal.aborted) {
    await backgroundClock.sleep(timing.secondsFromStart * SECOND_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    const seconds = Math.round((backgroundClock.monotonic() - startMs) / SECOND_MS);
    const last = iteration();
    if (last !== undefined && seconds <= timing.maxWaitForFirstIterationSec) usesSeconds = false;
    else if (last === undefined && seconds >= timing.waitForFirstIterationSec) usesSeconds = true;
    const at = usesSeconds ? seconds : last;
    const figures = await probe.sample();
    if (at === undefined) continue;
    for (const [title, values] of Object.entries(named(figures)))
      for (const [series, value] of Object.entries(values)) report(title, series, at, Math.round(value * 1000) / 1000);
  }
}

function named(figures: MachineFigures): Record<string, Record<string, number>> {
  const machine = {
    cpu_usage: figures.cpuPercent,
    memory_used_gb: process.memoryUsage.rss() / 2 ** 30,
    memory_free_gb: figures.memoryFreeMiB / 1024,
    disk_free_percent: figures.diskFreePercent,
    io_read_mbs: figures.diskReadMiBs,
    io_write_mbs: figures.diskWriteMiBs,
    network_rx_mbs: figures.networkRxMiBs,
    network_tx_mbs: figures.networkTxMiBs,
  };
  const gpus = figures.gpus.flatMap(({ index, usagePercent, temperatureC, memoryUsedMiB, memoryFreeMiB }): [string, number][] => [
    [`gpu_${index}_utilization`, usagePercent],
    [`gpu_${index}_temperature`, temperatureC],
    [`gpu_${index}_mem_used_gb`, memoryUsedMiB / 1024],
    [`gpu_${index}_mem_free_gb`, memoryFreeMiB / 1024],
  ]);
  return { ":monitor:machine": machine, ":monitor:gpu": Object.fromEntries(gpus) as Record<string, number> };
}
