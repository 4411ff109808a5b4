import { type AgentControl, type AgentSnapshot, newCounters, type RunSnapshot } from "../../agent/control.ts";

/** A running agent with one free slot on the queue `q`, as the outside sees it; `change` says what is different. */
export function snapshotOf(change: Partial<AgentSnapshot> = {}): AgentSnapshot {
  const now = Date.now();
  return {
    agentId: "a".repeat(32),
    name: "fake",
    pid: process.pid,
    startedAt: now - 60_000,
    state: "running",
    notClaiming: undefined,
    server: { url: "http://127.0.0.1:8008", lastContactAt: now - 1_000 },
    queues: [{ wanted: "q", id: "queue-q" }],
    slots: [{ worker: "fake:0", gpus: "all", run: undefined }],
    outbox: [],
    loops: { claim: now, heartbeat: now, watch: now },
    counters: newCounters(),
    ...change,
  };
}

export function runOf(task: string, change: Partial<RunSnapshot> = {}): RunSnapshot {
  return { claim: "c".repeat(32), task, name: "train", queue: "q", phase: "run", since: Date.now() - 90_000, adopted: false, ...change };
}

/** An AgentControl that keeps what it was told. */
export class FakeAgent implements AgentControl {
  shown: AgentSnapshot;
  held: string | undefined;

  constructor(change: Partial<AgentSnapshot> = {}) {
    this.shown = snapshotOf(change);
  }

  snapshot(): AgentSnapshot {
    return this.shown;
  }

  drain(): void {
    this.show({ state: "draining" });
  }

  pause(): void {
    this.show({ state: "paused" });
  }

  resume(): void {
    this.show({ state: "running" });
  }

  heldBack(task: string): string | undefined {
    return task === this.held ? "it failed here" : undefined;
  }

  show(change: Partial<AgentSnapshot>): void {
    this.shown = { ...this.shown, ...change };
  }
}
