import type { Client } from "../../agent/client.ts";
import { ensureProject } from "../../api/tasks.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import type { Task } from "../../api/wire/task.ts";
import { clientFromEnvironment } from "../client.ts";
import { followConsole } from "../follow-console.ts";
import { style } from "../style.ts";
import { type RunFlags, taskFields } from "../task-fields.ts";

/** Creates, enqueues and follows a task. The first Ctrl-C stops the task, the second leaves it alone and returns. */
export async function runCommand(flags: RunFlags & { follow: boolean; json?: boolean }): Promise<number> {
  const client = await clientFromEnvironment();
  const fields = await taskFields(flags);
  const project = await ensureProject(client.session, flags.project);
  const task = await client.tasks.create({ ...fields, project });
  process.stdout.write(`task ${task}\n`);
  await client.tasks.enqueue(task, { name: flags.queue });
  await warnWithoutWorker(client, flags.queue);
  if (!flags.follow) return 0;
  const ended = await followWithAbort(client, task, flags.json === true);
  if (ended === undefined) return 130;
  if (flags.json === true) process.stdout.write(`${JSON.stringify(ended, null, 2)}\n`);
  else process.stderr.write(`${style(ended.status === "completed" ? "green" : "red", ended.status)} ${ended.status_reason ?? ""}\n`);
  return exitCodeOf(ended);
}

async function followWithAbort(client: Client, task: TaskId, quiet: boolean): Promise<Task | undefined> {
  const leave = new AbortController();
  let asked = 0;
  const onInterrupt = (): void => {
    asked++;
    if (asked > 1) {
      leave.abort();
      return;
    }
    process.stderr.write("\nwindlass: stopping the task (again to leave it alone)\n");
    void client.session.call("tasks.stop", { task, status_reason: "stopped from the command line" }).catch(() => undefined);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onInterrupt);
  return await followConsole(client, task, (text) => void (quiet ? undefined : process.stdout.write(text)), leave.signal);
}

async function warnWithoutWorker(client: Client, queue: string): Promise<void> {
  const workers = await client.workers.all().catch(() => []);
  const served = workers.some((worker) => worker.queues?.some((one) => one.name === queue || one.id === queue));
  if (!served)
    process.stderr.write(
      `${style("yellow", "no agent serves")} the queue "${queue}" now; the task waits (windlass daemon --queue ${queue} starts one)\n`,
    );
}

/** The program's own exit code stands in the reason; other ends have codes of their own. */
function exitCodeOf(task: Task): number {
  if (task.status === "completed" || task.status === "published") return 0;
  const reason = task.status_reason ?? "";
  const code = Number(/exit code (\d+)/.exec(reason)?.[1] ?? 0);
  if (code > 0) return code;
  if (reason.startsWith("failed/timeout")) return 124;
  return task.status === "stopped" ? 130 : 1;
}
