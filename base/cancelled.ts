/** Why something was told to stop. Every abort carries one: `controller.abort(new Cancelled("user"))`. */
export type CancelReason =
  /** Somebody stopped the task on the server. */
  | "user"
  /** The task ran longer than it may. */
  | "timeout"
  /** The agent itself is going away. */
  | "agent-stopping"
  /** The same, and its tasks go back to their queues. */
  | "hand-back"
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

/** The result of work that goes on for others, or the signal's reason as soon as it aborts. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
