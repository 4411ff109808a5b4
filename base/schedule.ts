import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Clock } from "./clock.ts";

const run = promisify(execFile);

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

/** Asked of a program that ends at once: the library of schedules would else stay in the memory of an idle agent. */
async function nextRun(expression: string): Promise<number | undefined> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const program = fileURLToPath(new URL(`./next-run.${extension}`, import.meta.url));
  const environment = Object.entries(process.env).filter(([name]) => /^(PATH|TZ|LANG|LC_.*)$/.test(name));
  const { stdout } = await run(process.execPath, [program, expression], { env: Object.fromEntries(environment) });
  return stdout === "" ? undefined : Number(stdout);
}

/** Whether it is a cron expression. */
export async function isSchedule(expression: string): Promise<boolean> {
  const { default: cron } = await import("node-cron");
  return cron.validate(expression);
}
