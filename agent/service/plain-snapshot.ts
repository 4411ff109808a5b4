import type { AgentSnapshot } from "../control.ts";

/** TEMPORARY, until Agent implements AgentControl: what is known of it without. Delete this file then. */
export function plainSnapshot(
  agent: { readonly running: number },
  config: { slots: number; queues: readonly string[]; server: { api: string } },
): AgentSnapshot {
  const run = { claim: "", task: "", name: "", queue: undefined, phase: "run", since: 0, adopted: false } as const;
  const now = Date.now();
  return {
    agentId: "",
    name: "",
    pid: process.pid,
    startedAt: now,
    state: "running",
    notClaiming: undefined,
    server: { url: config.server.api, lastContactAt: now },
    queues: config.queues.map((wanted) => ({ wanted, id: wanted })),
    slots: Array.from({ length: config.slots }, (_, n) => ({
      worker: String(n),
      gpus: "none" as const,
      run: n < agent.running ? run : undefined,
    })),
    outbox: [],
    loops: { claim: now, heartbeat: now, watch: now },
    counters: {
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
    },
  };
}
