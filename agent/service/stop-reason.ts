import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ownUnit } from "../../base/own-unit.ts";

/** Why the service manager ends this agent: for good, to start it anew, or because the machine goes down. */
export type StopReason = "stop" | "restart" | "shutdown";

const run = promisify(execFile);
const ANSWERS_WITHIN_MS = 3_000;

/** Who asked for SIGTERM; undefined: not a service manager, or it cannot be told. */
export async function stopReason(ask = askSystemd): Promise<StopReason | undefined> {
  const unit = await ownUnit();
  if (unit === undefined) return undefined;
  const [state, jobs] = await Promise.all([
    ask([...unit.managerFlags, "is-system-running"]),
    ask([...unit.managerFlags, "list-jobs", "--no-legend"]),
  ]);
  return reasonFrom(unit.name, state, jobs);
}

/** A manager that goes down is `stopping`; else the unit's own job says it. */
export function reasonFrom(unit: string, state: string, jobs: string): StopReason | undefined {
  if (state.trim() === "stopping") return "shutdown";
  const job = jobs
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .find((words) => words[1] === unit)?.[2];
  if (job === undefined) return undefined;
  return job === "stop" ? "stop" : "restart";
}

/** Its words count, not its exit code: `is-system-running` fails for all but one of its answers. */
async function askSystemd(args: readonly string[]): Promise<string> {
  const answer = await run("systemctl", args, { timeout: ANSWERS_WITHIN_MS }).catch((error: { stdout?: string }) => error);
  return answer.stdout ?? "";
}
