import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Clock, HOUR_MS, MINUTE_MS } from "./clock.ts";

const run = promisify(execFile);

/** A clock that is set meanwhile is noticed so soon. */
const LONGEST_MS = HOUR_MS;
/** A clock that is set back by more makes what was due by the old one meaningless. */
const SET_BACK_MS = MINUTE_MS;

/**
 * Calls `work` whenever a cron expression ("0 3 * * *", local time) is due, one call after the other, until the signal
 * aborts. `work` must not throw. `next`: when an expression is due next, in ms since the epoch; undefined: never.
 */
export async function onSchedule(
  expression: string,
  work: () => Promise<void>,
  clock: Clock,
  signal: AbortSignal,
  next = nextRun,
): Promise<void> {
  while (!signal.aborted) {
    const askedMs = clock.now();
    const dueMs = await next(expression);
    if (dueMs === undefined) return;
    const isWaiting = (): boolean => clock.now() < dueMs && clock.now() > askedMs - SET_BACK_MS;
    while (!signal.aborted && isWaiting()) await clock.sleep(Math.min(dueMs - clock.now(), LONGEST_MS), signal).catch(() => undefined);
    if (!signal.aborted && clock.now() >= dueMs) await work();
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
