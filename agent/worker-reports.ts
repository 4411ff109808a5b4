import { type Clock, epochMs, jittered } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { HostProbe } from "../monitor/resources/host-probe.ts";
import type { Client } from "./client.ts";
import type { Config } from "./config.ts";
import type { QueueList } from "./queue-list.ts";
import type { ActiveRun } from "./runs.ts";
import { SCHEDULES } from "./schedules.ts";
import type { Slot, Slots } from "./slots.ts";

export interface WorkerReportsParts {
  readonly config: () => Config;
  readonly client: Client;
  readonly queues: QueueList;
  readonly slots: Slots<ActiveRun>;
  readonly host: HostProbe;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Stats = Awaited<ReturnType<HostProbe["machineStats"]>>;

const GOODBYE_MS = 3_000;
const ANSWER_MS = 10_000;

/** The agent's workers on the server: one for each slot, registered, reported, and gone with a goodbye. */
export class WorkerReports {
  readonly #parts: WorkerReportsParts;
  readonly #registered = new Set<string>();
  #movedMs: number;

  constructor(parts: WorkerReportsParts) {
    this.#parts = parts;
    this.#movedMs = parts.clock.monotonic();
  }

  get movedAt(): number {
    return epochMs(this.#movedMs, this.#parts.clock);
  }

  /** Every slot that is not registered yet; waits for the server. */
  async register(signal: AbortSignal): Promise<void> {
    const { client, queues, slots } = this.#parts;
    for (const { worker } of slots.all) {
      if (this.#registered.has(worker)) continue;
      await client.workers.register(worker, queues.order, undefined, { signal, retry: SCHEDULES.register });
      this.#registered.add(worker);
    }
  }

  /** Everything that is registered, or those that have no slot any more. */
  async unregister(only: "all" | "gone"): Promise<void> {
    const { client, queues, slots } = this.#parts;
    const planned = new Set(slots.all.map(({ worker }) => worker));
    const leaving = [...this.#registered].filter((worker) => only === "all" || !planned.has(worker));
    for (const worker of leaving) {
      this.#registered.delete(worker);
      await client.workers.unregister(worker, queues.order, { retry: SCHEDULES.goodbye, timeoutMs: GOODBYE_MS }).catch(() => undefined);
    }
  }

  /** Reports every worker, again and again; one that does not arrive is followed by the next. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, config, host, slots } = this.#parts;
    while (!signal.aborted) {
      this.#movedMs = clock.monotonic();
      await clock.sleep(jittered(config().heartbeatMs, 0.05), signal).catch(() => undefined);
      if (signal.aborted) return;
      const stats = await host.machineStats();
      await Promise.all(slots.all.map((slot) => this.report(slot, stats)));
    }
  }

  /** At once after a slot was taken or freed, too. Never throws. */
  async report(slot: Slot<ActiveRun>, stats?: Stats): Promise<void> {
    const { client, clock, queues, logger } = this.#parts;
    const record = slot.run?.isOurs === true ? slot.run.record : undefined;
    const report = {
      worker: slot.worker,
      timestamp: clock.now(),
      queues: queues.order,
      ...(record === undefined ? {} : { task: record.task }),
      ...(record?.queue === undefined ? {} : { queue: record.queue }),
      ...(stats === undefined ? {} : { machine_stats: stats }),
    };
    await client.workers
      .report(report, { retry: SCHEDULES.heartbeat, timeoutMs: ANSWER_MS })
      .catch((error: unknown) => logger.debug({ err: error }, "a heartbeat did not arrive"));
  }
}
