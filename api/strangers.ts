import type { Log } from "../base/log.ts";
import { ApiError } from "./api-error.ts";
import type { Answer } from "./connections.ts";
import { retryAfterOf } from "./envelope.ts";

/** Too large, and too many requests: they mean the same whoever says them. */
const OF_ANYBODY = new Set([413, 429]);
/** The same page is told again after so long. */
const TELL_EVERY_MS = 600_000;
const LOOKED_AT = 4_096;
const WORDS = 80;

/**
 * Answers of something that is not a ClearML server: a proxy, a login page, another program. They say nothing about the call,
 * so that it is made again by whoever has something to lose, and each kind of page is told in one line of the log.
 */
export class Strangers {
  readonly #logger: Log;
  readonly #toldMs = new Map<string, number>();

  constructor(logger: Log) {
    this.#logger = logger;
  }

  /** The error that such an answer is. */
  met(endpoint: string, apiServer: string, answer: Answer): ApiError {
    const who = answer.headers.via ?? answer.headers.server;
    const said = `${who === undefined ? "" : ` (${who})`}: "${firstWords(answer.text)}"`;
    const message = `${apiServer} answered with HTTP ${answer.status}, but not as a ClearML API: it is another server, or something in between${said}`;
    this.#tellOnce(`${answer.status} ${who}`, endpoint, message);
    const status = OF_ANYBODY.has(answer.status) ? answer.status : Math.max(answer.status, 502);
    return new ApiError({
      endpoint,
      status,
      subcode: 0,
      message,
      retryAfterMs: retryAfterOf(answer.headers["retry-after"]),
      isForeign: true,
    });
  }

  #tellOnce(said: string, endpoint: string, message: string): void {
    const nowMs = performance.now();
    if (nowMs - (this.#toldMs.get(said) ?? -Infinity) < TELL_EVERY_MS) return;
    for (const [page, ms] of this.#toldMs) if (nowMs - ms >= TELL_EVERY_MS) this.#toldMs.delete(page);
    this.#toldMs.set(said, nowMs);
    this.#logger.warn({ endpoint }, message);
  }
}

/** What a person would read of a page. */
function firstWords(page: string): string {
  const text = page.slice(0, LOOKED_AT).replace(/<(script|style)\b[\s\S]*?<\/\1>|<[^>]*>/gi, " ");
  return text.replace(/\s+/g, " ").trim().slice(0, WORDS);
}
