import type { Task } from "../api/wire/task.ts";

/** The exit code of `windlass run`: the program's own where it had one. `execute` gives the same (`exitCodeOf` in runner/outcome.ts). */
export function taskExitCode(task: Pick<Task, "status" | "status_reason">): number {
  if (task.status === "completed" || task.status === "published") return 0;
  const reason = task.status_reason ?? "";
  const own = /^failed\/(?:exit-code|signal): .*exit code (\d+)/.exec(reason)?.[1];
  if (own !== undefined && Number(own) > 0) return Number(own);
  if (reason.startsWith("failed/oom")) return KILLED;
  if (reason.startsWith("failed/timeout")) return TIMED_OUT;
  return task.status === "stopped" ? STOPPED : 1;
}

const KILLED = 137;
const TIMED_OUT = 124;
const STOPPED = 130;
