import { type Clock, MINUTE_MS, SECOND_MS, systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { AgentControl } from "../control.ts";
import { limitsFor, livenessOf } from "../liveness.ts";
import { type NotifyAddress, sdNotify, takeNotifyAddress } from "./sd-notify.ts";
import { statusLine } from "./status-line.ts";

export interface ServiceNotifyParts {
  readonly logger: Logger;
  /** How often the agent's heartbeat goes. */
  readonly heartbeatMs: () => number;
  readonly clock?: Clock;
  readonly address?: NotifyAddress | undefined;
  readonly send?: (socket: string, assignments: readonly string[]) => Promise<void>;
}

/** What the agent tells the service manager; without one every call does nothing. */
export interface ServiceNotify {
  /** The agent is registered and waits for work, or has read its configuration again. */
  ready(): void;
  /** The configuration is being read again; `ready` follows. */
  reloading(): void;
  /** The agent is about to exit; resolves once that is said. Not for a drain: a unit that is stopping takes no other order. */
  stopping(): Promise<void>;
}

const LOOK_EVERY_MS = 10 * SECOND_MS;
/** Each look may cost a process: a watchdog that is impatient beyond reason is fed as fast as this, and no faster. */
const SHORTEST_LOOK_MS = SECOND_MS / 4;
/** An agent whose server is away is up all the same: the machine's start must not wait for it. */
const READY_ANYWAY_MS = MINUTE_MS;
const NOBODY: ServiceNotify = { ready: () => undefined, reloading: () => undefined, stopping: () => Promise.resolve() };

/** Starts to keep the service manager informed: readiness, a status line, and the watchdog as long as the loops move. */
export function startServiceNotify(control: Pick<AgentControl, "snapshot">, parts: ServiceNotifyParts): ServiceNotify {
  const address = "address" in parts ? parts.address : takeNotifyAddress();
  return address === undefined ? NOBODY : new SystemdNotify(control, address, parts);
}

class SystemdNotify implements ServiceNotify {
  readonly #control: Pick<AgentControl, "snapshot">;
  readonly #address: NotifyAddress;
  readonly #parts: ServiceNotifyParts;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #startedMs: number;
  /** Messages go out one after the other, in order. */
  #sent: Promise<void> = Promise.resolve();
  #isReady = false;
  #fedMs = 0;
  #status = "";
  #stuck: string | undefined;
  #isMute = false;

  constructor(control: Pick<AgentControl, "snapshot">, address: NotifyAddress, parts: ServiceNotifyParts) {
    this.#control = control;
    this.#address = address;
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#startedMs = this.#clock.monotonic();
    void this.#lookRound();
  }

  ready(): void {
    this.#isReady = true;
    this.#say(["READY=1", ...this.#newStatus(), ...this.#feed()]);
  }

  reloading(): void {
    this.#say(["RELOADING=1"]);
  }

  async stopping(): Promise<void> {
    this.#over.abort();
    this.#say(["STOPPING=1"]);
    await this.#sent;
  }

  async #lookRound(): Promise<void> {
    const everyMs = lookEveryMs(this.#address.watchdogMs);
    this.#say(this.#newStatus());
    while (!this.#over.signal.aborted) {
      const dueMs = this.#clock.monotonic() + everyMs;
      await this.#clock.sleep(everyMs, this.#over.signal).catch(() => undefined);
      if (!this.#over.signal.aborted) this.#look(this.#clock.monotonic() - dueMs, everyMs);
    }
  }

  #look(lagMs: number, everyMs: number): void {
    const now = this.#clock.monotonic();
    if (!this.#isReady && now - this.#startedMs >= READY_ANYWAY_MS) this.ready();
    this.#judge(livenessOf(this.#control.snapshot(), lagMs, this.#clock.now(), limitsFor(this.#parts.heartbeatMs())));
    const halfMs = (this.#address.watchdogMs ?? Infinity) / 2;
    const isDue = this.#isReady && this.#stuck === undefined && now - this.#fedMs + everyMs / 2 >= halfMs;
    this.#say([...this.#newStatus(), ...(isDue ? this.#feed() : [])]);
  }

  /** While it is stuck it is looked at again at every look, so that a clock that was set or a sleep of the machine kills nothing. */
  #judge(stuck: string | undefined): void {
    if (stuck !== undefined && this.#stuck === undefined) this.#parts.logger.error({ why: stuck }, "the agent is stuck");
    this.#stuck = stuck;
  }

  #feed(): string[] {
    this.#fedMs = this.#clock.monotonic();
    return this.#address.watchdogMs === undefined ? [] : ["WATCHDOG=1"];
  }

  #newStatus(): string[] {
    const status = statusLine(this.#control.snapshot(), this.#clock.now());
    if (status === this.#status) return [];
    this.#status = status;
    return [`STATUS=${status}`];
  }

  #say(assignments: readonly string[]): void {
    if (assignments.length === 0) return;
    const send = this.#parts.send ?? sdNotify;
    this.#sent = this.#sent.then(() => send(this.#address.socket, assignments)).catch((error: unknown) => this.#tellOnce(error));
  }

  #tellOnce(error: unknown): void {
    if (!this.#isMute) this.#parts.logger.warn({ why: messageOf(error) }, "the service manager cannot be told how the agent is");
    this.#isMute = true;
  }
}

/** Several times within the watchdog's patience. */
const lookEveryMs = (watchdogMs = Infinity): number => Math.min(Math.max(watchdogMs / 6, SHORTEST_LOOK_MS), LOOK_EVERY_MS);
