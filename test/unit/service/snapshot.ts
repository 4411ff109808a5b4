import { type AgentSnapshot, newCounters, type SlotSnapshot } from "../../../agent/control.ts";

/** Some moment; every time of a snapshot is measured against it. */
export const NOW = 1_800_000_000_000;

/** An agent that is well: one free slot, loops that have just moved, a server that has just answered. */
export function snapshotWith(changed: Partial<AgentSnapshot>): AgentSnapshot {
  return {
    agentId: "an-agent",
    name: "host",
    pid: 1,
    startedAt: NOW - 3_600_000,
    state: "running",
    notClaiming: undefined,
    server: { url: "http://server:8008", lastContactAt: NOW - 1_000 },
    queues: [{ wanted: "default", id: "1" }],
    slots: [freeSlot("host:0")],
    outbox: [],
    loops: { claim: NOW - 1_000, heartbeat: NOW - 1_000, watch: NOW - 1_000 },
    counters: newCounters(),
    ...changed,
  };
}

export function freeSlot(worker: string): SlotSnapshot {
  return { worker, gpus: "none", run: undefined };
}

export function busySlot(worker: string): SlotSnapshot {
  return {
    worker,
    gpus: "none",
    run: { claim: "c", task: "t", name: "a task", queue: "default", phase: "run", since: NOW, adopted: false },
  };
}
