import { jittered } from "../../base/clock.ts";
import { codeOf } from "../../base/errors.ts";
import { politeDelayMs } from "../../base/retry.ts";

/** A failed call of the sink, as far as its error tells. */
export interface CallFailure {
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly status?: number;
  /** How many events of a refused batch the server took nevertheless. */
  readonly added?: number;
  /** The server's own words. */
  readonly reason?: string;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Keys that the server does not take for a while cost no line. */
export function mayPass({ retryable, status }: CallFailure): boolean {
  return retryable === true || status === 401 || status === 403;
}

/** The server has looked at what was sent and does not want it; anything without a status is a fault of our own, or an abort. */
export function isRefusal(failure: CallFailure): boolean {
  return failure.status !== undefined && !mayPass(failure);
}

/** How long to wait after so many failures before this one. */
export function pauseMs(failure: CallFailure, failures: number): number {
  if (failure.retryAfterMs !== undefined) return politeDelayMs(failure.retryAfterMs);
  return jittered(Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS));
}

/** The connection was refused, or the server said so itself (429): the request was certainly not carried out. */
export function neverArrived(error: unknown): boolean {
  const { status, cause } = error as CallFailure & { cause?: unknown };
  return status === 429 || codeOf(cause) === "ECONNREFUSED";
}
