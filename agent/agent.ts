import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { QueueId, TaskId } from "../api/wire/ids.ts";
import type { Queue } from "../api/wire/queue.ts";
import { Cancelled } from "../base/cancelled.ts";
import { type Clock, jittered } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { QUICK } from "../base/retry.ts";
import type { HostProbe } from "../monitor/resources/host-probe.ts";
import type { Engine } from "../runner/engine.ts";
import { type ClaimDeps, type Claimed, claim, settleDoubt } from "./claim.ts";
import type { Client } from "./client.ts";
import type { Config } from "./config.ts";
import type { DiskGuard } from "./disk/disk-guard.ts";
import type { ClaimRecord, Journal } from "./journal.ts";
import { QueueList } from "./queue-list.ts";
import { inQueueOrder } from "./queue-order.ts";
import { recoverRun } from "./recovery.ts";
import { RunWatch } from "./run-watch.ts";
import { planSlots, type SlotPlan } from "./slots.ts";
import { agentStopping, carryOut, failInvalid, removeOldRuns, type TaskRunDeps } from "./task-run.ts";

export interface AgentParts {
  readonly config: Config;
  readonly client: Client;
  readonly journal: Journal;
  readonly agentId: string;
  readonly engine: () => Promise<Engine>;
  readonly host: HostProbe;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly disk: DiskGuard;
  /** Told once, when the workers are registered and the agent waits for work. */
  readonly onReady?: () => void;
}

/** How long a peek may wait on a server that can. */
const WAIT_MS = 55_000;
const AFTER_ERROR_MS = 2_000;
/** How often to look whether there is space again. */
const NO_SPACE_MS = 1_000;
/** More entries than free slots are looked at, since others may be faster with the first ones. */
const SPARE_ENTRIES = 8;
const ONCE = { tries: 1, firstDelayMs: 0, factor: 1, maxDelayMs: 0 };

interface Slot extends SlotPlan {
  /** What it runs. */
  current: { readonly task: TaskId; readonly queue: QueueId | undefined; readonly ended: Promise<void> } | undefined;
}

/** The agent's life: registers its workers, waits for work, gives it to slots, and ends when it is told to. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #slots: Slot[];
  readonly #watch: RunWatch;
  readonly #queues: QueueList;
  readonly #claimed = new Set<string>();
  readonly #deps: ClaimDeps;
  readonly #runDeps: TaskRunDeps;
  /** Aborted: no new claims. */
  readonly #drain = new AbortController();
  /** Aborted: running tasks are stopped. */
  readonly #abort = new AbortController();
  /** Aborted: the loops end. */
  readonly #over = new AbortController();
  #slotFreed = Promise.withResolvers<void>();
  #lastQueue: QueueId | undefined;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#slots = planSlots(parts.config).map((plan) => ({ ...plan, current: undefined }));
    this.#watch = new RunWatch(parts.client.tasks, parts.logger, parts.clock);
    this.#queues = new QueueList(parts.config, parts.client, parts.logger, parts.clock);
    const { client, journal, logger, clock } = parts;
    this.#deps = { client, journal, logger, clock };
    this.#runDeps = parts;
  }

  /** No new claims; running tasks may finish. */
  drain(): void {
    this.#drain.abort(new Cancelled("agent-stopping"));
  }

  /** Running tasks are stopped with grace. */
  abort(): void {
    this.drain();
    this.#abort.abort(agentStopping());
  }

  get running(): number {
    return this.#slots.filter((slot) => slot.current !== undefined).length;
  }

  /** Lives until drained and every run has ended. Throws only what makes any work impossible from the start. */
  async run(): Promise<void> {
    const { logger } = this.#parts;
    const watching = this.#watch.run(this.#over.signal);
    const guarding = this.#parts.disk.run(this.#over.signal);
    try {
      await this.#settleLeftovers();
      await this.#queues.resolveAll(this.#drain.signal);
      await this.#register();
      const beating = this.#heartbeats();
      this.#parts.onReady?.();
      await this.#claimLoop();
      await Promise.all(this.#slots.map((slot) => slot.current?.ended));
      this.#over.abort();
      await beating;
      await this.#unregister();
    } catch (error) {
      if (!this.#drain.signal.aborted) throw error;
      logger.debug({ err: error }, "stopped while starting");
    } finally {
      this.#over.abort();
      await watching.catch(() => undefined);
      await guarding;
    }
  }

  async #claimLoop(): Promise<void> {
    const signal = this.#drain.signal;
    while (!signal.aborted) {
      try {
        const free = this.#slots.filter((slot) => slot.current === undefined);
        if (free.length === 0) await Promise.race([this.#slotFreed.promise, aborted(signal)]);
        else if ((await this.#parts.disk.refusal()) !== undefined) await this.#parts.clock.sleep(NO_SPACE_MS, signal);
        else await this.#peekAndClaim(free.length, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#parts.logger.warn({ err: error }, "cannot look for work; trying again");
        await this.#parts.clock.sleep(jittered(AFTER_ERROR_MS), signal).catch(() => undefined);
      }
    }
  }

  async #peekAndClaim(free: number, signal: AbortSignal): Promise<void> {
    const { client, clock, config } = this.#parts;
    const ids = await this.#queues.known(signal);
    const reply = await client.queues.peek(ids, free + SPARE_ENTRIES, WAIT_MS, { signal, retry: ONCE });
    this.#queues.seen(reply.queues);
    const taken = await this.#takeFrom(reply.queues);
    if (taken > 0 || signal.aborted) return;
    const hadEntries = reply.queues.some((queue) => queue.entries.length > 0);
    if (!reply.waited || hadEntries) await clock.sleep(jittered(hadEntries ? 100 : config.pollIntervalMs), signal);
  }

  /** Claims in queue order as long as there is room; how many were taken. */
  async #takeFrom(queues: readonly Queue[]): Promise<number> {
    let taken = 0;
    for (const { queue, entry } of inQueueOrder(
      queues,
      this.#queues.order,
      this.#parts.config.orderFairness ? this.#lastQueue : undefined,
    )) {
      const slot = this.#slots.find((candidate) => candidate.current === undefined);
      if (slot === undefined || this.#drain.signal.aborted) break;
      if ((await this.#parts.disk.refusal()) !== undefined) break;
      if (this.#claimed.has(entry.task)) continue;
      const claimed = await claim(queue, entry, slot.worker, this.#deps);
      if (claimed === undefined) void this.#settleLost(entry.task);
      else {
        taken++;
        this.#lastQueue = queue.id;
        this.#occupy(slot, claimed);
      }
    }
    return taken;
  }

  #occupy(slot: Slot, claimed: Claimed): void {
    this.#claimed.add(claimed.task);
    const ended = this.#runClaimed(slot, claimed)
      .catch((error: unknown) => this.#parts.logger.error({ err: error, task: claimed.task }, "a slot failed"))
      .finally(() => {
        slot.current = undefined;
        this.#claimed.delete(claimed.task);
        this.#slotFreed.resolve();
        this.#slotFreed = Promise.withResolvers<void>();
      });
    slot.current = { task: claimed.task, queue: claimed.queue.id, ended };
  }

  /** Reads the task, says `started` with the claim's id, and carries it out. */
  async #runClaimed(slot: Slot, claimed: Claimed): Promise<void> {
    const { client, journal, clock } = this.#parts;
    const logger = this.#parts.logger.child({ task: claimed.task, worker: slot.worker, queue: claimed.queue.name });
    const waitedMs = claimed.addedAtMs === undefined ? undefined : Math.max(clock.now() - claimed.addedAtMs, 0);
    let task: Awaited<ReturnType<typeof client.tasks.get>>;
    try {
      task = await client.tasks.get(claimed.task);
    } catch (error) {
      await failInvalid(claimed.task, error, client, logger);
      return await journal.forget(claimed.record.claim);
    }
    if (task.status !== "queued") {
      logger.warn({ status: task.status }, "a task of the queue is not queued any more; left alone");
      return await journal.forget(claimed.record.claim);
    }
    await client.tasks.setStatus("started", claimed.task, {
      reason: `started by windlass ${slot.worker}`,
      message: `claim ${claimed.record.claim}`,
    });
    const record: ClaimRecord = { ...claimed.record, stage: "started" };
    await journal.write(record);
    const stopped = this.#watch.add(claimed.task);
    void this.#report(slot).catch(() => undefined);
    logger.info({ name: task.name }, "task started");
    const signal = AbortSignal.any([stopped, this.#abort.signal]);
    try {
      const outcome = await carryOut({ record, task, gpus: slot.gpus, waitedMs, signal }, { ...this.#runDeps, logger });
      logger.info({ cause: outcome.cause, phase: outcome.phase, ...outcome.timings }, "task ended");
    } finally {
      this.#watch.remove(claimed.task);
      slot.current = undefined;
      void this.#report(slot).catch(() => undefined);
    }
  }

  /** What an earlier agent of this state folder left: doubts are settled, runs are ended and reported. */
  async #settleLeftovers(): Promise<void> {
    const { journal, logger, config } = this.#parts;
    const leftovers = await journal.leftovers(logger);
    for (const record of leftovers) {
      if (record.stage === "intent")
        void settleDoubt(record, this.#deps, this.#drain.signal).catch((error: unknown) => this.#warn(error, record));
      else await recoverRun(record, this.#runDeps).catch((error: unknown) => this.#warn(error, record));
    }
    await removeOldRuns(config.stateFolder, config.keepRunsMs, new Set(leftovers.map((record) => record.claim)));
    await rm(join(config.stateFolder, "tmp"), { recursive: true, force: true });
  }

  /** A claim whose answer was lost leaves its intent in the journal. */
  async #settleLost(task: string): Promise<void> {
    for (const record of await this.#parts.journal.leftovers(this.#parts.logger)) {
      if (record.task !== task || record.stage !== "intent" || this.#claimed.has(task)) continue;
      await settleDoubt(record, this.#deps, this.#over.signal).catch((error: unknown) => this.#warn(error, record));
    }
  }

  #warn(error: unknown, record: ClaimRecord): void {
    this.#parts.logger.warn(
      { err: error, task: record.task, stage: record.stage, why: messageOf(error) },
      "something of an earlier run is not settled",
    );
  }

  async #register(): Promise<void> {
    const { client } = this.#parts;
    for (const slot of this.#slots)
      await client.workers.register(slot.worker, this.#queues.order, undefined, { signal: this.#drain.signal });
  }

  async #unregister(): Promise<void> {
    for (const slot of this.#slots)
      await this.#parts.client.workers
        .unregister(slot.worker, this.#queues.order, { retry: QUICK, timeoutMs: 3_000 })
        .catch(() => undefined);
  }

  async #heartbeats(): Promise<void> {
    const { clock, config, host, logger } = this.#parts;
    while (!this.#over.signal.aborted) {
      await clock.sleep(jittered(config.heartbeatMs, 0.05), this.#over.signal).catch(() => undefined);
      if (this.#over.signal.aborted) return;
      const stats = await host.machineStats();
      for (const slot of this.#slots)
        await this.#report(slot, stats).catch((error: unknown) => logger.debug({ err: error }, "a heartbeat did not arrive"));
    }
  }

  async #report(slot: Slot, stats?: Awaited<ReturnType<HostProbe["machineStats"]>>): Promise<void> {
    const { client, clock } = this.#parts;
    const busy =
      slot.current === undefined
        ? {}
        : { task: slot.current.task, ...(slot.current.queue === undefined ? {} : { queue: slot.current.queue }) };
    const report = {
      worker: slot.worker,
      timestamp: clock.now(),
      queues: this.#queues.order,
      ...busy,
      ...(stats === undefined ? {} : { machine_stats: stats }),
    };
    await client.workers.report(report, { retry: ONCE, timeoutMs: 10_000 });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
