import { Worker } from "node:worker_threads";
import type { Clock } from "./clock.ts";

/** What a timer can count; longer pauses are slept in parts. */
const LONGEST_MS = 2 ** 30;

/**
 * Calls `work` whenever a cron expression ("0 3 * * *", local time) is due, one call after the other, until the signal
 * aborts. `work` must not throw.
 */
export async function onSchedule(expression: string, work: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const dueMs = await nextRun(expression);
    if (dueMs === undefined) return;
    while (!signal.aborted && clock.now() < dueMs)
      await clock.sleep(Math.min(dueMs - clock.now(), LONGEST_MS), signal).catch(() => undefined);
    if (!signal.aborted) await work();
  }
}

/** Asked in a thread that ends afterwards: the library of schedules would else stay in the memory of an idle agent. */
async function nextRun(expression: string): Promise<number | undefined> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./schedule-thread.${extension}`, import.meta.url), { workerData: expression });
  return await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => resolve(undefined));
  });
}

/** Whether it is a cron expression. */
export async function isSchedule(expression: string): Promise<boolean> {
  const { default: cron } = await import("node-cron");
  return cron.validate(expression);
}
