import { clientFromEnvironment } from "../client.ts";
import { ago, table } from "../style.ts";

export async function queuesCommand(flags: { json?: boolean }): Promise<void> {
  const queues = await (await clientFromEnvironment()).queues.all();
  if (flags.json === true) process.stdout.write(`${JSON.stringify(queues, null, 2)}\n`);
  else
    process.stdout.write(
      table(
        ["QUEUE", "NAME", "WAITING", "OLDEST"],
        queues.map((queue) => [queue.id, queue.name, String(queue.entries.length), ago(queue.entries[0]?.added)]),
      ),
    );
}

export async function workersCommand(flags: { json?: boolean }): Promise<void> {
  const workers = await (await clientFromEnvironment()).workers.all();
  if (flags.json === true) return void process.stdout.write(`${JSON.stringify(workers, null, 2)}\n`);
  const rows = workers.map((worker) => [
    worker.id,
    (worker.queues ?? []).map((queue) => queue.name ?? queue.id).join(", "),
    worker.task === undefined ? "idle" : `${worker.task.id} ${worker.task.name ?? ""}`,
    ago(worker.last_activity_time),
  ]);
  process.stdout.write(table(["WORKER", "QUEUES", "TASK", "SEEN"], rows));
}
