import type Docker from "dockerode";
import type { FigureSource, RunFigures } from "../../monitor/resources/figure-source.ts";
import { createProcessTreeSource } from "../../monitor/resources/process-tree.ts";
import { forgiving } from "./connection.ts";

/**
 * A container's figures from the engine; where the engine cannot read the control groups (it then answers with zeros), from
 * the processes of the container, as far as this machine shows them.
 */
export function containerFigures(container: Docker.Container): FigureSource {
  let tree: Promise<FigureSource | undefined> | undefined;
  return {
    async sample() {
      if (tree !== undefined) return await (await tree)?.sample();
      const figures = await sampleStats(container);
      if (figures !== "nothing") return figures;
      tree = processesOf(container);
      return await (await tree)?.sample();
    },
  };
}

async function processesOf(container: Docker.Container): Promise<FigureSource | undefined> {
  const facts = await forgiving(container.inspect(), 404);
  const pid = facts?.State.Pid ?? 0;
  return pid === 0 ? undefined : createProcessTreeSource(pid);
}

interface Stats {
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: {
    readonly usage?: number;
    readonly stats?: { readonly cache?: number; readonly inactive_file?: number; readonly total_inactive_file?: number };
  };
  readonly blkio_stats?: { readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
}

async function sampleStats(container: Docker.Container): Promise<RunFigures | "nothing" | undefined> {
  const stats = (await forgiving(container.stats({ stream: false, "one-shot": true } as { stream: false }), 404, 409)) as unknown as
    | Stats
    | undefined;
  if (stats?.cpu_stats?.cpu_usage?.total_usage === undefined) return undefined;
  if ((stats.memory_stats?.usage ?? 0) === 0) return "nothing";
  const io = (op: string): number =>
    (stats.blkio_stats?.io_service_bytes_recursive ?? [])
      .filter((row) => row.op.toLowerCase() === op)
      .reduce((sum, row) => sum + row.value, 0);
  const network = Object.values(stats.networks ?? {});
  const memory = stats.memory_stats;
  const cache = memory?.stats?.total_inactive_file ?? memory?.stats?.inactive_file ?? 0;
  return {
    cpuSeconds: stats.cpu_stats.cpu_usage.total_usage / 1e9,
    memoryBytes: Math.max((memory?.usage ?? 0) - cache, 0),
    diskReadBytes: io("read"),
    diskWriteBytes: io("write"),
    networkRxBytes: network.length === 0 ? undefined : network.reduce((sum, one) => sum + one.rx_bytes, 0),
    networkTxBytes: network.length === 0 ? undefined : network.reduce((sum, one) => sum + one.tx_bytes, 0),
  };
}
