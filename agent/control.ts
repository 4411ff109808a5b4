import type { CancelReason } from "../base/cancelled.ts";
import type { Outcome, Phase } from "../runner/outcome.ts";
import type { GpuSelection } from "../runner/settings.ts";

/**
 * What the outside may see of a living agent and ask of it: the local socket, the health and metrics port, the service
 * manager's status line. `agent.ts` implements it.
 */
export interface AgentControl {
  snapshot(): AgentSnapshot;
  /** No new claims; the agent ends when its runs have ended, or at the drain deadline. */
  drain(): void;
  /** No new claims until `resume`; runs go on. */
  pause(): void;
  resume(): void;
  /** Why this one task is not taken for now although others are, as a sentence; undefined: it would be. */
  heldBack(task: string): string | undefined;
}

/** `starting`: until the workers are registered. */
export type AgentState = "starting" | "running" | "paused" | "draining";

export interface AgentSnapshot {
  readonly agentId: string;
  readonly name: string;
  readonly pid: number;
  /** All times in ms since the epoch. */
  readonly startedAt: number;
  readonly state: AgentState;
  /** Why nothing is claimed although slots are free, e.g. "only 1.2 GiB free, 5 GiB wanted"; undefined: it is. */
  readonly notClaiming: string | undefined;
  readonly server: { readonly url: string; readonly lastContactAt: number | undefined };
  /** In the order of priority; without an id: not there (yet). */
  readonly queues: readonly { readonly wanted: string; readonly id: string | undefined }[];
  /** Taken from in turn instead of in the order of priority. */
  readonly orderFairness?: boolean;
  readonly slots: readonly SlotSnapshot[];
  /** Runs whose program has ended and whose console or outcome is not on the server yet. */
  readonly outbox: readonly OutboxSnapshot[];
  /** Runs of the state folder that wait for an agent of their own server. */
  readonly leftAlone?: readonly LeftAlone[];
  /** When each loop last moved. A loop that legitimately waits for the server counts as moving. */
  readonly loops: Readonly<Record<"claim" | "heartbeat" | "watch", number>>;
  readonly counters: Readonly<AgentCounters>;
}

export interface SlotSnapshot {
  readonly worker: string;
  readonly gpus: GpuSelection;
  readonly run: RunSnapshot | undefined;
}

export interface RunSnapshot {
  readonly claim: string;
  readonly task: string;
  readonly name: string;
  readonly queue: string | undefined;
  readonly phase: Phase;
  readonly since: number;
  /** Why its program is being stopped. */
  readonly stopping?: CancelReason | undefined;
  /** Taken over from an earlier agent process. */
  readonly adopted: boolean;
}

export interface OutboxSnapshot {
  readonly task: string;
  readonly cause: Outcome["cause"];
  readonly since: number;
}

export interface LeftAlone {
  readonly task: string;
  /** Address of its API. */
  readonly server: string;
}

/** Since the start of the agent. */
export interface AgentCounters {
  claims: number;
  /** Another agent was faster. */
  claimsLost: number;
  /** Answers that were lost and had to be settled. */
  claimsInDoubt: number;
  handedBack: number;
  adopted: number;
  /** Cause → how many runs ended so. */
  outcomes: Partial<Record<Outcome["cause"], number>>;
  /** Seconds that tasks waited in their queues, and that phases of runs took: sums and counts. */
  waitedSec: { sum: number; count: number };
  phaseSec: Partial<Record<Phase, { sum: number; count: number }>>;
  environmentHits: number;
  environmentsBuilt: number;
}

export const newCounters = (): AgentCounters => ({
  claims: 0,
  claimsLost: 0,
  claimsInDoubt: 0,
  handedBack: 0,
  adopted: 0,
  outcomes: {},
  waitedSec: { sum: 0, count: 0 },
  phaseSec: {},
  environmentHits: 0,
  environmentsBuilt: 0,
});
