import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { listQueues } from "./queues.ts";

/** `queues.get_all_ex`: queues with the names of their tasks and the workers that serve them (clearml-api.md 5). */
function getAllEx(call: Call, body: Body): object {
  const { queues } = listQueues(call, { ...body, only_fields: undefined, projection: undefined }) as { queues: Document[] };
  const nameOfTask = (task: string): Document => ({
    id: task,
    name: call.db.get<{ name: string }>("SELECT name FROM tasks WHERE id = ?", task)?.name,
  });
  const workers = call.db.all<{ key: string; id: string; ip: string | null; queues: string; task: string | null }>(
    "SELECT * FROM workers WHERE expires > ?",
    call.nowMs,
  );
  return {
    queues: queues.map((queue) => ({
      ...queue,
      company: { id: queue["company"] },
      entries: (queue["entries"] as { task: string; added: string }[]).map((entry) => ({ ...entry, task: nameOfTask(entry.task) })),
      workers: workers
        .filter((worker) => (JSON.parse(worker.queues) as string[]).includes(String(queue["id"])))
        .map((worker) => ({
          key: worker.key,
          name: worker.id,
          ip: worker.ip,
          ...(worker.task === null ? {} : { task: nameOfTask(worker.task) }),
        })),
    })),
  };
}

export const QUEUE_LIST_ENDPOINTS: readonly Endpoint[] = [read("queues.get_all_ex", getAllEx)];
