import { variable } from "./connection/settings.ts";

/** The task that an agent runs this process for; read once, as the official SDK does (task-class.md B1). */
let remoteTaskId = variable("TASK_ID");
let isSimulated = false;

/** The id of the task that this process runs under an agent; undefined when it runs by itself. */
export const remoteTask = (): string | undefined => remoteTaskId;

/** Whether that task is this one. */
export const runsRemotely = (id: string): boolean => remoteTaskId === id;

/** An agent tails the console and says how it ended; by itself, or when that is only simulated, a program does so. */
export const tellsItsOwnEnd = (): boolean => remoteTaskId === undefined || isSimulated;

export function simulateRemote(id: string): void {
  remoteTaskId = id;
  isSimulated = true;
}
