/** Why something was told to stop. Every abort carries one: `controller.abort(new Cancelled("user"))`. */
export type CancelReason =
  /** Somebody stopped the task on the server. */
  | "user"
  /** The task ran longer than it may. */
  | "timeout"
  /** The agent itself is going away. */
  | "agent-stopping"
  /** The server no longer knows the task, or gave it to somebody else. */
  | "task-gone";

export class Cancelled extends Error {
  override readonly name = "Cancelled";
  readonly reason: CancelReason;

  constructor(reason: CancelReason, detail?: string) {
    super(detail ?? `cancelled: ${reason}`);
    this.reason = reason;
  }
}

/** The typed reason of an aborted signal; an abort by anything else counts as the agent stopping. */
export function cancelReasonOf(signal: AbortSignal): Cancelled {
  const reason: unknown = signal.reason;
  if (reason instanceof Cancelled) return reason;
  if (reason instanceof Error && reason.name === "TimeoutError") return new Cancelled("timeout");
  return new Cancelled("agent-stopping");
}
