/**
 * Named places at which a test lets the program die as by `kill -9`: `WINDLASS_CRASH_AT=name` dies at the first pass of
 * that place, `name:3` at the third. Nothing happens without the variable.
 */
export const CRASH_POINTS = [
  "claim/intent-written",
  "claim/removed",
  "claim/task-read",
  "claim/started",
  "claim/started-written",
  "settle/added",
  "settle/moved",
  "run/source",
  "run/environment",
  "run/program-started",
  "run/launched-written",
  "run/exited",
  "run/decided-written",
  "run/last-lines",
  "run/console-complete",
  "run/reported",
  "run/cleaned",
  "console/batch-recorded",
  "console/batch-sent",
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];

const [wanted = "", count = "1"] = (process.env["WINDLASS_CRASH_AT"] ?? "").split(":");
let left = Number(count);

export function crashPoint(name: CrashPoint): void {
  if (wanted === "" || name !== wanted || --left > 0) return;
  process.kill(process.pid, "SIGKILL");
}
