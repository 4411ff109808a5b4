import type { AgentSnapshot, OutboxSnapshot, RunSnapshot } from "../control.ts";

/** What this agent knows about one task, and about itself: the local half of `windlass why`. */
export interface LocalView {
  readonly task: string;
  /** Its run here. */
  readonly run: (RunSnapshot & { readonly worker: string }) | undefined;
  /** Its run has ended here, and the server does not know it yet. */
  readonly report: OutboxSnapshot | undefined;
  /** Why this task is not taken here for now, although others are. */
  readonly heldBack: string | undefined;
  readonly agent: AgentSnapshot;
}

export function localView(task: string, agent: AgentSnapshot, heldBack?: string): LocalView {
  const slot = agent.slots.find((candidate) => candidate.run?.task === task);
  return {
    task,
    run: slot?.run === undefined ? undefined : { ...slot.run, worker: slot.worker },
    report: agent.outbox.find((entry) => entry.task === task),
    heldBack,
    agent,
  };
}
