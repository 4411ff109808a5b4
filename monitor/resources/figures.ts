import { ageMs, type Clock, systemClock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { EventSink, ScalarEvent } from "../event-sink.ts";
import type { FigureSource, RunFigures } from "./figure-source.ts";
import { type HostFigures, type HostProbe, rounded } from "./host-probe.ts";

export interface FiguresOptions {
  readonly task: string;
  readonly worker: string;
  /** The run's own figures. */
  readonly source: FigureSource;
  readonly host: HostProbe;
  readonly sink: EventSink;
  readonly startedAtMs: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** Titles that the server leaves out of a task's iterations (clearml-api.md 7.1). */
const MACHINE = ":monitor:machine";
const GPU = ":monitor:gpu";
const FIRST_BASE_MS = 500;
const FIRST_AFTER_MS = 1_000;
const MIB = 2 ** 20;

/** Points come every second at first, every 2 s in the first minute, every 10 s in the first half hour, then every 30 s. */
function intervalMs(ageMs: number): number {
  if (ageMs < 15_000) return 1_000;
  return ageMs < 60_000 ? 2_000 : ageMs < 1_800_000 ? 10_000 : 30_000;
}

/**
 * Reports figures of a run as scalars on its task, also for programs that use no SDK. The run's own figures always stand
 * under variants of our own (`run …`); the SDK's names carry the machine's figures only while no SDK in the task reports
 * them, since same title, variant and iteration overwrite each other. Best effort: a lost point is no error.
 */
export function startFigures(options: FiguresOptions): { stop(): Promise<void> } {
  const halt = new AbortController();
  const reporter = new FiguresReporter(options);
  const loop = reporter.run(halt.signal).catch((error: unknown) => {
    if (!halt.signal.aborted) options.logger.debug({ err: error }, "figures are not reported any more");
  });
  return {
    async stop() {
      halt.abort();
      await loop;
      if (reporter.hasBegun) await reporter.report().catch(() => undefined);
    },
  };
}

class FiguresReporter {
  readonly #options: FiguresOptions;
  readonly #clock: Clock;
  readonly #own = new Set<string>();
  #before: { atMs: number; figures: RunFigures } | undefined;
  #lastIteration = -1;
  #sdkReports = false;
  #reports = 0;

  constructor(options: FiguresOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** A program that ends within its first second leaves no figures: they would cost more than it does. */
  get hasBegun(): boolean {
    return this.#before !== undefined;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(FIRST_BASE_MS, signal);
    this.#before = await this.#sample();
    await this.#clock.sleep(FIRST_AFTER_MS - FIRST_BASE_MS, signal);
    for (;;) {
      await this.report().catch((error: unknown) => this.#options.logger.debug({ err: error }, "a point of the figures was lost"));
      await this.#clock.sleep(intervalMs(ageMs(this.#options.startedAtMs, this.#clock)), signal);
    }
  }

  async report(): Promise<void> {
    const now = await this.#sample();
    const host = await this.#options.host.sample();
    const iteration = Math.max(Math.round(ageMs(this.#options.startedAtMs, this.#clock) / 1000), this.#lastIteration + 1);
    const own = now === undefined || this.#before === undefined ? {} : runVariants(this.#before, now);
    if (now !== undefined) this.#before = now;
    if (!this.#sdkReports && this.#reports++ % 5 === 4) this.#sdkReports = await this.#sdkIsThere();
    const machine = this.#sdkReports ? own : { ...own, ...hostVariants(host) };
    const events = [
      ...this.#events(MACHINE, machine, iteration),
      ...(this.#sdkReports ? [] : this.#events(GPU, gpuVariants(host), iteration)),
    ];
    if (events.length === 0) return;
    this.#lastIteration = iteration;
    await this.#options.sink.addLines(events.map((event) => JSON.stringify(event)).join("\n"), events.length, AbortSignal.timeout(10_000));
  }

  async #sample(): Promise<{ atMs: number; figures: RunFigures } | undefined> {
    const figures = await this.#options.source.sample();
    return figures === undefined ? undefined : { atMs: this.#clock.now(), figures };
  }

  /** Somebody else reports under the title: variants that are not ours stand there. */
  async #sdkIsThere(): Promise<boolean> {
    const variants = await this.#options.sink.variantsOf(MACHINE, AbortSignal.timeout(10_000)).catch(() => []);
    return variants.some((variant) => !this.#own.has(variant));
  }

  #events(metric: string, variants: Record<string, number>, iter: number): ScalarEvent[] {
    const { task, worker } = this.#options;
    const timestamp = this.#clock.now();
    return Object.entries(variants).map(([variant, value]) => {
      this.#own.add(variant);
      return { type: "training_stats_scalar", task, worker, timestamp, metric, variant, iter, value: rounded(value) };
    });
  }
}

function runVariants(before: { atMs: number; figures: RunFigures }, now: { atMs: number; figures: RunFigures }): Record<string, number> {
  const seconds = Math.max((now.atMs - before.atMs) / 1000, 0.001);
  const variants: Record<string, number> = {
    "run cpu_usage": (100 * Math.max(now.figures.cpuSeconds - before.figures.cpuSeconds, 0)) / seconds,
    "run memory_mb": now.figures.memoryBytes / MIB,
  };
  const rates = {
    "run disk_read_mbs": "diskReadBytes",
    "run disk_write_mbs": "diskWriteBytes",
    "run network_rx_mbs": "networkRxBytes",
    "run network_tx_mbs": "networkTxBytes",
  } as const;
  for (const [variant, name] of Object.entries(rates)) {
    const [first, second] = [before.figures[name], now.figures[name]];
    if (first !== undefined && second !== undefined) variants[variant] = Math.max(second - first, 0) / MIB / seconds;
  }
  return variants;
}

/** The names under which the SDK's own monitor reports the machine. */
function hostVariants(host: HostFigures): Record<string, number> {
  return {
    cpu_usage: host.cpuPercent,
    memory_used_gb: host.memoryUsedMiB / 1024,
    memory_free_gb: host.memoryFreeMiB / 1024,
    disk_free_percent: host.diskFreePercent,
    io_read_mbs: host.diskReadMiBs,
    io_write_mbs: host.diskWriteMiBs,
    network_rx_mbs: host.networkRxMiBs,
    network_tx_mbs: host.networkTxMiBs,
  };
}

function gpuVariants(host: HostFigures): Record<string, number> {
  const entries = host.gpus.flatMap((gpu) => [
    [`gpu_${gpu.index}_utilization`, gpu.usagePercent],
    [`gpu_${gpu.index}_temperature`, gpu.temperatureC],
    [`gpu_${gpu.index}_mem_used_gb`, gpu.memoryUsedMiB / 1024],
    [`gpu_${gpu.index}_mem_free_gb`, gpu.memoryFreeMiB / 1024],
  ]);
  return Object.fromEntries(entries) as Record<string, number>;
}
