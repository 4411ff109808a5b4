/** A longer wish of a program is not followed (clearml-agent.md 6.4). */
const LONGEST_SEC = 1800;

/**
 * Whether a stop has to wait: a program of the official SDK that registered an abort callback says in its runtime
 * properties how long that may take, and when it is done.
 */
export function abortCallbackWaits(runtime: Readonly<Record<string, unknown>>, sinceMs: number): boolean {
  const timeoutSec = Number(runtime["_abort_callback_timeout"] ?? 0);
  if (!(timeoutSec > 0) || isDone(runtime["_abort_callback_completed"])) return false;
  const pollSec = Number(runtime["_abort_poll_freq"] ?? 0) || 0;
  return sinceMs < 1000 * Math.min(timeoutSec + pollSec, LONGEST_SEC);
}

const isDone = (value: unknown): boolean => value !== undefined && value !== null && value !== "" && value !== 0 && value !== false;
