import { messageOf } from "../../base/errors.ts";

/** How a program's own task ends, and the call that says so. */
export interface End {
  readonly call: "completed" | "failed" | "stopped";
  readonly reason: string;
}

export const COMPLETED: End = { call: "completed", reason: "completed" };

export const stoppedBy = (signal: NodeJS.Signals): End => ({ call: "stopped", reason: `signal ${signal}` });

/** What an exit code says, with the error and the signal that came before it (task-class.md B4). */
export function endOf(code: number, error: unknown, signal: NodeJS.Signals | undefined): End {
  if (code === 0) return COMPLETED;
  if (error !== undefined) return { call: "failed", reason: `Exception ${messageOf(error)}` };
  return signal === undefined ? { call: "failed", reason: `exit code ${code}` } : stoppedBy(signal);
}
