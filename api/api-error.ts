import { WindlassError } from "../base/errors.ts";

export interface ApiFailure {
  readonly endpoint: string;
  /** HTTP status and `result_code`; 0 when there was no answer at all. */
  readonly status: number;
  /** `result_subcode` (clearml-api.md 1.8), 0 when unknown. */
  readonly subcode: number;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
  /** Not the server, something in between has answered. */
  readonly isForeign?: boolean;
}

/** A call that the server refused, or that did not reach it. `retryable` means: the same call may succeed later. */
export class ApiError extends WindlassError {
  override readonly name = "ApiError";
  readonly endpoint: string;
  readonly status: number;
  readonly subcode: number;
  /** The server's own words, without the endpoint. */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  readonly #isForeign: boolean;

  constructor(failure: ApiFailure) {
    super(`${failure.endpoint}: ${failure.message}`, {
      code: failure.status === 0 ? "server-unreachable" : `api-${failure.status}-${failure.subcode}`,
      retryable: failure.status === 0 || failure.status === 429 || failure.status >= 500,
      cause: failure.cause,
    });
    this.endpoint = failure.endpoint;
    this.status = failure.status;
    this.subcode = failure.subcode;
    this.reason = failure.message;
    this.retryAfterMs = failure.retryAfterMs;
    this.#isForeign = failure.isForeign ?? false;
  }

  /**
   * The server does not take our keys now, or something in between refuses what the server has not seen. That may pass (keys
   * that are being changed, a proxy's own login), so whoever has something to lose waits rather than gives up; a person at a
   * command line is told at once.
   */
  get mayPass(): boolean {
    return this.retryable || this.status === 401 || this.status === 403 || this.#isForeign;
  }

  /** The request may or may not have been carried out: no answer, or an answer of something in between. */
  get uncertain(): boolean {
    return this.retryable && this.status !== 429;
  }
}

/** Whether `error` is the server's refusal with one of these subcodes, e.g. 703. */
export function isRefusal(error: unknown, ...subcodes: number[]): error is ApiError {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 && subcodes.includes(error.subcode);
}
