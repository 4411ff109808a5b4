import { WindlassError } from "../../base/errors.ts";
import type { Config } from "../config.ts";
import type { ConfigFile } from "../config-schema.ts";

const DEFAULT_SCHEDULE = "0 3 * * *";

/** The part `disk` of the configuration; its schedule is tried here, so that a mistake is told at the start. */
export async function diskSettings({ disk, agent }: ConfigFile): Promise<Config["disk"]> {
  await checkSchedule(disk.schedule);
  return {
    budget: disk.budget ?? undefined,
    keepFree: disk.keep_free ?? undefined,
    maxAgeMs: disk.max_age ?? undefined,
    keepRunsMs: agent.keep_runs,
    schedule: disk.schedule ?? undefined,
  };
}

async function checkSchedule(expression: string | null): Promise<void> {
  if (expression === null || expression === DEFAULT_SCHEDULE) return;
  const { isSchedule } = await import("../../base/schedule.ts");
  if (await isSchedule(expression)) return;
  throw new WindlassError(`disk.schedule: "${expression}" is not a cron expression`, {
    code: "bad-config",
    hint: 'Write it like "0 3 * * *": minute, hour, day of the month, month, day of the week.',
  });
}
