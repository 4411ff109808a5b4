import { Cancelled } from "../base/cancelled.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { HostProbe } from "../monitor/resources/host-probe.ts";
import { ClaimLoop } from "./claim-loop.ts";
import type { Client } from "./client.ts";
import type { Config } from "./config.ts";
import { type AgentControl, type AgentSnapshot, newCounters } from "./control.ts";
import { Cooldown } from "./cooldown.ts";
import type { DiskGuard } from "./disk/disk-guard.ts";
import { EngineGate } from "./engine-gate.ts";
import type { Engines } from "./engines.ts";
import type { Journal } from "./journal.ts";
import { Outbox } from "./outbox.ts";
import { QueueList } from "./queue-list.ts";
import { RunWatch } from "./run-watch.ts";
import { type ActiveRun, Runs, snapshotOf } from "./runs.ts";
import { planSlots, type SlotPlan, Slots } from "./slots.ts";
import { TakeOver } from "./take-over.ts";
import type { WorkerNames } from "./worker-names.ts";
import { WorkerReports } from "./worker-reports.ts";

export interface AgentParts {
  readonly config: Config;
  readonly client: Client;
  readonly journal: Journal;
  readonly agentId: string;
  readonly engines: Engines;
  readonly host: HostProbe;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly disk: DiskGuard;
  readonly names: WorkerNames;
  /** The slots to begin with. */
  readonly plan: readonly SlotPlan[];
  /** Told once, when the workers are registered and the agent waits for work. */
  readonly onReady?: () => void;
}

/** The agent's life: registers its workers, waits for work, gives it to slots, and ends when it is told to. */
export class Agent implements AgentControl {
  readonly #parts: AgentParts;
  #config: Config;
  readonly #slots = new Slots<ActiveRun>();
  readonly #watch: RunWatch;
  readonly #queues: QueueList;
  readonly #runs: Runs;
  readonly #claims: ClaimLoop;
  readonly #takeOver: TakeOver;
  readonly #workers: WorkerReports;
  readonly #cooldown: Cooldown;
  readonly #engineGate: EngineGate;
  readonly #counters = newCounters();
  readonly #startedAt: number;
  #state: AgentSnapshot["state"] = "starting";
  #changed = new AbortController();
  /** Aborted: no new claims. */
  readonly #drain = new AbortController();
  /** Aborted: running tasks are stopped. */
  readonly #abort = new AbortController();
  /** Aborted: what is left to report is left to the next agent. */
  readonly #leave = new AbortController();
  /** Aborted: the loops end. */
  readonly #over = new AbortController();

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#config = parts.config;
    const { client, journal, logger, clock } = parts;
    const config = (): Config => this.#config;
    const [slots, counters] = [this.#slots, this.#counters];
    const claimDeps = { client, journal, logger, clock };
    this.#startedAt = clock.now();
    slots.plan(parts.plan);
    this.#cooldown = new Cooldown(clock);
    this.#engineGate = new EngineGate(config, clock);
    this.#watch = new RunWatch(client.tasks, logger, clock);
    this.#queues = new QueueList(config, client, logger, clock);
    this.#workers = new WorkerReports({ ...parts, config, queues: this.#queues, slots });
    this.#runs = new Runs({
      ...{ claimDeps, slots, watch: this.#watch, counters, clock, logger, abort: this.#abort.signal, leave: this.#leave.signal },
      deps: () => ({ ...parts, config: this.#config }),
      onSlot: (slot) => void this.#workers.report(slot),
      onOutcome: (task, outcome) => this.#cooldown.saw(task, outcome),
    });
    this.#takeOver = new TakeOver({ config: parts.config, runs: this.#runs, deps: claimDeps, leave: this.#leave.signal });
    const parts2 = { config, deps: claimDeps, queues: this.#queues, slots, runs: this.#runs, counters, clock, logger };
    this.#claims = new ClaimLoop({
      ...parts2,
      refusal: () => this.#refusal(),
      isTooEarly: (task) => this.#cooldown.isTooEarly(task),
      changed: () => this.#changed.signal,
    });
  }

  drain(): void {
    this.#state = "draining";
    this.#drain.abort(new Cancelled("agent-stopping"));
  }

  /** Running tasks are stopped with grace; `hand-back`: and go back to the front of their queues. The first decision holds. */
  abort(then?: "hand-back"): void {
    this.drain();
    this.#abort.abort(new Cancelled(then ?? "agent-stopping"));
  }

  /** Running tasks and reports that are still open go to the next agent of this state folder. */
  leave(): void {
    this.drain();
    this.#leave.abort(new Cancelled("agent-stopping"));
  }

  pause(): void {
    if (this.#state === "running") this.#state = "paused";
    this.#stirClaims();
  }

  resume(): void {
    if (this.#state === "paused") this.#state = "running";
    this.#stirClaims();
  }

  heldBack(task: string): string | undefined {
    return this.#cooldown.whyTooEarly(task);
  }

  /**
   * New settings for whatever begins from now on; slots and queues change at once, running tasks stay as they are. Rejects
   * with a `Cancelled` when newer ones come, or the agent ends, while the server does not answer.
   */
  async reload(config: Config, newer: AbortSignal): Promise<void> {
    const plan = await planSlots(config, this.#parts.names);
    newer.throwIfAborted();
    this.#config = config;
    this.#slots.plan(plan);
    this.#queues.forget();
    const either = AbortSignal.any([this.#drain.signal, newer]);
    await this.#queues.resolveAll(either);
    await this.#workers.register(either);
    await this.#workers.unregister("gone");
    this.#stirClaims();
  }

  get running(): number {
    return this.#slots.busy.length;
  }

  snapshot(): AgentSnapshot {
    const { agentId, client } = this.#parts;
    const { name, queues } = this.#config;
    return {
      ...{ agentId, name, pid: process.pid, startedAt: this.#startedAt, state: this.#state, counters: this.#counters },
      notClaiming: this.#claims.refused,
      server: { url: client.session.apiServer, lastContactAt: client.session.lastContactAt },
      queues: this.#queues.found(queues),
      orderFairness: this.#config.orderFairness,
      slots: this.#slots.all.map(({ worker, gpus, run }) => ({ worker, gpus, run: run === undefined ? undefined : snapshotOf(run) })),
      outbox: this.#runs.outbox,
      leftAlone: this.#takeOver.leftAlone,
      loops: { claim: this.#claims.movedAt, heartbeat: this.#workers.movedAt, watch: this.#watch.movedAt },
    };
  }

  /** Lives until drained and every run has ended and is reported, or left. Throws only what makes any work impossible from the start. */
  async run(): Promise<void> {
    const loops = [this.#watch.run(this.#over.signal), this.#parts.disk.run(this.#over.signal)].map((loop) => this.#told(loop));
    try {
      await this.#takeOver.atStart(this.#drain.signal);
      await this.#queues.resolveAll(this.#drain.signal);
      await this.#workers.register(this.#drain.signal);
      if (this.#state === "starting") this.#state = "running";
      loops.push(this.#told(this.#workers.run(this.#over.signal)), this.#told(this.#takeOver.run(this.#drain.signal)));
      this.#parts.onReady?.();
      await this.#claims.run(this.#drain.signal);
    } catch (error) {
      if (!this.#drain.signal.aborted) {
        this.leave();
        throw error;
      }
      this.#parts.logger.debug({ err: error }, "stopped while starting");
    } finally {
      await this.#end(loops);
    }
  }

  /** Programs first, then reports, as long as the server takes them; then goodbye. */
  async #end(loops: readonly Promise<void>[]): Promise<void> {
    const outbox = new Outbox(this.#runs, this.#parts, this.#leave);
    await this.#slotsEmpty();
    if (this.#leave.signal.aborted) await this.#noteLeft();
    await outbox.empty(this.#abort.signal);
    this.#over.abort();
    await Promise.all(loops);
    if (!this.#leave.signal.aborted) await this.#workers.unregister("all");
  }

  async #noteLeft(): Promise<void> {
    await this.#runs
      .noteLeft()
      .catch((error: unknown) => this.#parts.logger.warn({ err: error }, "what is left behind could not be written down"));
  }

  /** A loop that breaks off is told of when it does, long before the agent ends; one that its signal ends is not. */
  async #told(loop: Promise<void>): Promise<void> {
    await loop.catch((error: unknown) => {
      if (!(error instanceof Cancelled)) this.#parts.logger.error({ err: error }, "a loop of the agent broke off");
    });
  }

  async #slotsEmpty(): Promise<void> {
    const left = this.#leave.signal;
    while (this.#slots.busy.length > 0 && !left.aborted) await Promise.race([this.#slots.changed, aborted(left)]);
  }

  async #refusal(): Promise<string | undefined> {
    if (this.#state === "paused") return "the agent is paused (windlass resume goes on)";
    return this.#cooldown.refusal() ?? (await this.#engineGate.refusal()) ?? (await this.#parts.disk.refusal());
  }

  #stirClaims(): void {
    this.#changed.abort(new Cancelled("agent-stopping"));
    this.#changed = new AbortController();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
