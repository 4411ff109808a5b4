import cron from "node-cron";

/** A program of its own, for `schedule.ts`: prints when its argument, a cron expression, is due next, in ms since the epoch. */
const task = cron.schedule(process.argv[2] ?? "", () => undefined);
process.stdout.write(String(task.getNextRun()?.getTime() ?? ""));
await task.destroy();
