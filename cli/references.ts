import type { Client } from "../agent/client.ts";
import type { ProjectId } from "../api/wire/ids.ts";
import type { Queue } from "../api/wire/queue.ts";

/** Names of projects, by their ids. */
export async function projectNames(client: Client, ids: readonly (ProjectId | undefined)[]): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(ids.filter((id) => id !== undefined))];
  if (wanted.length === 0) return new Map();
  const query = { id: wanted, only_fields: ["id", "name"], search_hidden: true };
  const { projects } = await client.session.call<{ projects: { id: string; name: string }[] }>("projects.get_all", query);
  return new Map(projects.map(({ id, name }) => [id, name]));
}

/** `default (2 of 5)` while the task waits in it, `default` afterwards. */
export function queueText(queues: readonly Queue[], task: { readonly id: string; readonly queue: string | undefined }): string | undefined {
  for (const { name, entries } of queues) {
    const at = entries.findIndex((entry) => entry.task === task.id);
    if (at >= 0) return `${name} (${at + 1} of ${entries.length})`;
  }
  return queues.find(({ id }) => id === task.queue)?.name;
}
