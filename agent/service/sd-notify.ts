import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const SENT_WITHIN_MS = 5_000;

/** What the service manager said when it started this process; undefined: nobody waits to be told anything. */
export interface NotifyAddress {
  readonly socket: string;
  /** It ends the agent when it hears nothing for so long; undefined: it does not watch. */
  readonly watchdogMs: number | undefined;
}

/** Takes the address out of the environment, so that no child of the agent speaks in its name. */
export function takeNotifyAddress(env: NodeJS.ProcessEnv = process.env, pid = process.pid): NotifyAddress | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = env;
  for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete env[name];
  if (socket === undefined || socket === "") return undefined;
  const isWatched = usec !== undefined && Number(usec) > 0 && (watched === undefined || Number(watched) === pid);
  return { socket, watchdogMs: isWatched ? Number(usec) / 1000 : undefined };
}

/**
 * Sends assignments (`READY=1`, `STATUS=…`) to the service manager, in one message. Node cannot open a datagram socket, and
 * the packages that can need a compiler; systemd's own command comes with every systemd, costs about 4 ms of one core and
 * is called a few times a minute at most. It speaks for its parent where it may, hence `NotifyAccess=all` in the unit.
 */
export async function sdNotify(socket: string, assignments: readonly string[]): Promise<void> {
  const lines = assignments.map((assignment) => assignment.replaceAll(/\s+/g, " "));
  const env = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", NOTIFY_SOCKET: socket };
  await run("systemd-notify", lines, { env, timeout: SENT_WITHIN_MS, killSignal: "SIGKILL" });
}
