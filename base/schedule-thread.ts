import { parentPort, workerData } from "node:worker_threads";
import cron from "node-cron";

/** The thread of `schedule.ts`: when the expression is due next, in ms since the epoch. */
const task = cron.schedule(workerData as string, () => undefined);
const next = task.getNextRun();
await task.destroy();
parentPort?.postMessage(next?.getTime());
parentPort?.close();
