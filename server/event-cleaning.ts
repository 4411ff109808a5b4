import { setTimeout as pause } from "node:timers/promises";
import { SECOND_MS } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Store } from "./store/store.ts";

/** Deletes events on a schedule: those of what was deleted, and those that are too old. */
export interface CleaningOptions {
  readonly logger: Logger;
  /** Events older than this go; undefined: all are kept. */
  readonly keepEventsSec?: number | undefined;
  readonly cleanEventsEverySec?: number;
}

/** Between two slices the writer is left to others. */
const PAUSE_MS = 20;

/** How to end it. */
export function cleanEvents(store: Store, options: CleaningOptions): () => void {
  const everyMs = (options.cleanEventsEverySec ?? 60) * SECOND_MS;
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    for (;;) {
      await pause(everyMs, undefined, { signal: stop.signal, ref: false });
      await slices(store, "internal.sweep_events", {}, stop.signal);
      if (options.keepEventsSec === undefined) continue;
      const before = Math.round(Date.now() - options.keepEventsSec * SECOND_MS);
      const deleted = await slices(store, "internal.expire_events", { before }, stop.signal);
      if (deleted > 0) options.logger.info({ events: deleted }, "deleted old events");
    }
  };
  const runOn = (error: unknown): void => {
    if (stop.signal.aborted) return;
    options.logger.error({ err: error }, "the cleaning of events failed");
    void run().catch(runOn);
  };
  void run().catch(runOn);
  return () => stop.abort();
}

async function slices(store: Store, endpoint: string, body: object, signal: AbortSignal): Promise<number> {
  let sum = 0;
  for (;;) {
    const { deleted } = await store.internal<{ deleted: number }>(endpoint, body);
    if (deleted === 0) return sum;
    sum += deleted;
    await pause(PAUSE_MS, undefined, { signal, ref: false });
  }
}
