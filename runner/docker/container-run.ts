import { createWriteStream } from "node:fs";
import type Docker from "dockerode";
import { systemClock } from "../../base/clock.ts";
import type { FigureSource, RunFigures } from "../../monitor/resources/figure-source.ts";
import type { Exit, RunHandle, Running } from "../engine.ts";
import { forgiving, statusOf } from "./connection.ts";

type ContainerHandle = Extract<RunHandle, { kind: "container" }>;

/** A container that runs a program. It ends in steps that forgive: gone already, ended already, being removed are all fine. */
export class ContainerRun implements Running {
  readonly handle: ContainerHandle;
  readonly figures: FigureSource;
  readonly exited: Promise<Exit>;
  readonly #container: Docker.Container;
  #ended = false;

  constructor(container: Docker.Container, handle: ContainerHandle, waited: Promise<{ StatusCode: number }>) {
    this.#container = container;
    this.handle = handle;
    this.figures = { sample: () => sampleStats(container) };
    this.exited = this.#learnExit(waited).finally(() => {
      this.#ended = true;
    });
    this.exited.catch(() => undefined);
  }

  /** SIGTERM to its init, grace, SIGKILL; everything inside the container ends with it. */
  async stop(graceMs: number): Promise<void> {
    if (!this.#ended) await forgiving(this.#container.kill({ signal: "SIGTERM" }), 404, 409);
    const gone = this.exited.then(
      () => true,
      () => true,
    );
    if (await Promise.race([gone, systemClock.sleep(graceMs).then(() => false)])) return;
    await forgiving(this.#container.kill({ signal: "SIGKILL" }), 404, 409);
    await Promise.race([gone, systemClock.sleep(10_000)]);
  }

  async remove(): Promise<void> {
    await forgiving(this.#container.remove({ force: true, v: true }), 404, 409);
  }

  async #learnExit(waited: Promise<{ StatusCode: number }>): Promise<Exit> {
    try {
      const { StatusCode } = await waited;
      const exitCode = StatusCode;
      if (exitCode !== 137 && exitCode !== 1) return { exitCode, oomKilled: false };
      const { State } = await this.#container.inspect();
      return { exitCode: State.ExitCode, oomKilled: State.OOMKilled };
    } catch (error) {
      if (statusOf(error) === 404) return { exitCode: 137, oomKilled: false, lost: true };
      return await this.#lookAgain();
    }
  }

  /** The wait broke off (the engine restarted): what the engine says now. */
  async #lookAgain(): Promise<Exit> {
    for (let tries = 0; tries < 300; tries++) {
      await systemClock.sleep(1_000);
      try {
        const { State } = await this.#container.inspect();
        if (!State.Running) return { exitCode: State.ExitCode, oomKilled: State.OOMKilled };
        const { StatusCode } = (await this.#container.wait()) as { StatusCode: number };
        return { exitCode: StatusCode, oomKilled: false };
      } catch (error) {
        if (statusOf(error) === 404) break;
      }
    }
    return { exitCode: 137, oomKilled: false, lost: true };
  }
}

/** For images without a shell: the engine's own log, copied into the console's file. Resolves when it is complete. */
export async function copyLog(docker: Docker, container: Docker.Container, path: string): Promise<void> {
  const stream = await container.logs({ follow: true, stdout: true, stderr: true });
  const file = createWriteStream(path, { flags: "a" });
  docker.modem.demuxStream(stream, file, file);
  await new Promise<void>((resolve) => stream.once("end", resolve).once("error", resolve).once("close", resolve));
  await new Promise<void>((resolve) => file.end(resolve));
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

async function sampleStats(container: Docker.Container): Promise<RunFigures | undefined> {
  const stats = (await forgiving(container.stats({ stream: false, "one-shot": true } as { stream: false }), 404, 409)) as unknown as
    | Stats
    | undefined;
  if (stats?.cpu_stats?.cpu_usage?.total_usage === undefined) return undefined;
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
