import { isMap } from "../body.ts";
import type { Body } from "../endpoint.ts";

/** The figures of one report of a serving container that have a history (clearml-services.md 7). */
interface Metric {
  readonly title: string;
  /** Undefined: the report says nothing about it. */
  readonly of: (body: Body, stats: Body) => number | undefined;
  /** What stands for all instances together; the sum where nothing else is said. */
  readonly together?: "mean";
  readonly perBucket?: "max";
}

const MB_PER_GB = 1024;
const perGb = (value: number | undefined): number | undefined => (value === undefined ? undefined : value / MB_PER_GB);

function numbersIn(value: unknown): number[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === "number");
}

function sum(...values: readonly unknown[]): number | undefined {
  const numbers = values.flatMap(numbersIn);
  return numbers.length === 0 ? undefined : numbers.reduce((total, value) => total + value, 0);
}

function mean(value: unknown): number | undefined {
  const numbers = numbersIn(value);
  return numbers.length === 0 ? undefined : numbers.reduce((total, item) => total + item, 0) / numbers.length;
}

const lengthOf = (value: unknown): number | undefined => (Array.isArray(value) ? value.length : undefined);

export const METRICS: Readonly<Record<string, Metric>> = {
  requests: { title: "Number of Requests", of: (body) => sum(body["requests_num"]), perBucket: "max" },
  requests_min: { title: "Requests per Minute", of: (body) => sum(body["requests_min"]) },
  latency_ms: { title: "Average Latency (ms)", of: (body) => sum(body["latency_ms"]), together: "mean" },
  cpu_count: { title: "CPU Count", of: (_body, stats) => lengthOf(stats["cpu_usage"]) },
  gpu_count: { title: "GPU Count", of: (_body, stats) => lengthOf(stats["gpu_usage"]) },
  cpu_util: { title: "Average CPU Load (%)", of: (_body, stats) => mean(stats["cpu_usage"]), together: "mean" },
  gpu_util: { title: "Average GPU Utilization (%)", of: (_body, stats) => mean(stats["gpu_usage"]), together: "mean" },
  ram_total: { title: "RAM Total (GB)", of: (_body, stats) => perGb(sum(stats["memory_used"], stats["memory_free"])) },
  ram_used: { title: "RAM Used (GB)", of: (_body, stats) => perGb(sum(stats["memory_used"])) },
  ram_free: { title: "RAM Free (GB)", of: (_body, stats) => perGb(sum(stats["memory_free"])) },
  gpu_ram_total: { title: "GPU RAM Total (GB)", of: (_body, stats) => perGb(sum(stats["gpu_memory_used"], stats["gpu_memory_free"])) },
  gpu_ram_used: { title: "GPU RAM Used (GB)", of: (_body, stats) => perGb(sum(stats["gpu_memory_used"])) },
  gpu_ram_free: { title: "GPU RAM Free (GB)", of: (_body, stats) => perGb(sum(stats["gpu_memory_free"])) },
  network_rx: { title: "Network Throughput RX (MBps)", of: (_body, stats) => sum(stats["network_rx"]) },
  network_tx: { title: "Network Throughput TX (MBps)", of: (_body, stats) => sum(stats["network_tx"]) },
};

/** By metric, without those that the report says nothing about. */
export function figuresOf(body: Body): Readonly<Record<string, number>> {
  const stats = isMap(body["machine_stats"]) ? body["machine_stats"] : {};
  const figures = Object.entries(METRICS).map(([name, metric]) => [name, metric.of(body, stats)] as const);
  return Object.fromEntries(figures.filter((figure): figure is [string, number] => figure[1] !== undefined));
}
