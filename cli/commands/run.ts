import type { Client } from "../../agent/client.ts";
import { ensureProject } from "../../api/projects.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import type { Task } from "../../api/wire/task.ts";
import { type ChosenQueue, chooseQueue } from "../choose-queue.ts";
import { clientFromEnvironment } from "../client.ts";
import { ConsoleText } from "../console-text.ts";
import { followConsole } from "../follow-console.ts";
import { stopTask } from "../stop-task.ts";
import { style } from "../style.ts";
import { taskExitCode } from "../task-exit-code.ts";
import { type RunFlags, taskFields } from "../task-fields.ts";

/** With `--json` standard output holds nothing but the task's document. */
export async function runCommand(flags: RunFlags & RunOutput): Promise<number> {
  const { fields, added } = await taskFields(flags);
  const client = await clientFromEnvironment();
  const queue = await chooseQueue(client, flags.queue, flags.createQueue === true);
  const project = await ensureProject(client.session, flags.project);
  const task = await client.tasks.create({ ...fields, project });
  const progress = flags.json === true ? process.stderr : process.stdout;
  progress.write(`task ${task}\n`);
  if (added.length > 0) process.stderr.write(`with ${namesOf(added)}, which git does not track yet\n`);
  await client.tasks.enqueue(task, queue);
  await warnWithoutWorker(client, queue);
  const ended = flags.follow ? await followWithAbort(client, task, progress) : await client.tasks.get(task);
  if (ended === undefined) return STOPPED;
  if (flags.json === true) process.stdout.write(`${JSON.stringify(ended, null, 2)}\n`);
  if (!flags.follow) return 0;
  if (flags.json !== true) process.stderr.write(`${endLine(ended)}\n`);
  return taskExitCode(ended);
}

export interface RunOutput {
  readonly follow: boolean;
  readonly json?: boolean;
  readonly createQueue?: boolean;
}

const STOPPED = 130;

/** Follows a task to its end. The first Ctrl-C stops the task, the second leaves it alone and returns. */
async function followWithAbort(client: Client, task: TaskId, output: NodeJS.WriteStream): Promise<Task | undefined> {
  const leave = new AbortController();
  let asked = 0;
  const onInterrupt = (): void => {
    asked++;
    if (asked > 1) {
      leave.abort();
      return;
    }
    process.stderr.write("\nwindlass: stopping the task (again to leave it alone)\n");
    void stopTask(client, task).catch(() => undefined);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onInterrupt);
  const console = new ConsoleText((text) => void output.write(text), output.isTTY === true);
  const ended = await followConsole(client, task, (event) => console.show(event), leave.signal);
  console.end();
  return ended;
}

function namesOf(files: readonly string[]): string {
  const more = files.length > 5 ? ` and ${files.length - 5} more` : "";
  return `${files.slice(0, 5).join(", ")}${more}`;
}

async function warnWithoutWorker(client: Client, queue: ChosenQueue): Promise<void> {
  const workers = await client.workers.all().catch(() => []);
  const served = workers.some((worker) => worker.queues?.some((one) => one.id === queue.id));
  if (!served)
    process.stderr.write(
      `${style("yellow", "no agent serves")} the queue "${queue.name}" now; the task waits (windlass daemon --queue ${queue.name} starts one)\n`,
    );
}

/** `completed`, or the cause, which says the status, too. */
function endLine({ status, status_reason: reason = "" }: Task): string {
  const text = reason === status || /^(failed|aborted|lost)\//.test(reason) ? reason : `${status} ${reason}`.trimEnd();
  return style(status === "completed" ? "green" : "red", text);
}
