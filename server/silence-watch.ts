import { MINUTE_MS, SECOND_MS } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Store } from "./store/store.ts";

/** Stops running tasks that went silent, on a schedule (clearml-api.md 3.5). */
export interface SilenceOptions {
  readonly logger: Logger;
  /** A running task that was silent for so long is stopped; 7200 s as on the official server. */
  readonly silentTaskSec?: number;
  readonly watchdogEverySec?: number;
}

/** How to end it. */
export function watchSilence(store: Store, options: SilenceOptions): () => void {
  const silentMs = Math.round((options.silentTaskSec ?? 7200) * SECOND_MS);
  const everyMs = options.watchdogEverySec === undefined ? 15 * MINUTE_MS : options.watchdogEverySec * SECOND_MS;
  let reachableSinceMs = Date.now();
  let lookedAtMs = Date.now();
  const look = async (): Promise<void> => {
    // A machine that slept was as deaf as a server that was not there.
    if (Date.now() - lookedAtMs > everyMs + MINUTE_MS) reachableSinceMs = Date.now();
    lookedAtMs = Date.now();
    const body = { silent_ms: silentMs, since_ms: reachableSinceMs };
    const { stopped } = await store.internal<{ stopped: string[] }>("internal.stop_silent", body);
    if (stopped.length > 0) options.logger.warn({ tasks: stopped }, "stopped tasks that went silent");
  };
  const timer = setInterval(
    () => void look().catch((error: unknown) => options.logger.error({ err: error }, "the watchdog failed")),
    everyMs,
  );
  return () => clearInterval(timer);
}
