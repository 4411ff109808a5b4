import type { Client } from "../agent/client.ts";
import { asTaskId, looksLikeId, type TaskId } from "../api/wire/ids.ts";
import { WindlassError } from "../base/errors.ts";

/** A task by its id, by the beginning of it (six digits at least), or by its name, the newest one of that name. */
export async function findTask(client: Client, text: string): Promise<TaskId> {
  if (looksLikeId(text)) return asTaskId(text);
  const fields = { only_fields: ["id", "name"], order_by: ["-last_update"], search_hidden: true, page: 0, page_size: 500 };
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const [named] = await client.tasks.query({ ...fields, name: `^${escaped}$`, page_size: 1 });
  if (named !== undefined) return named.id;
  const begins = /^[0-9a-f]{6,}$/.test(text) ? (await client.tasks.query(fields)).filter((task) => task.id.startsWith(text)) : [];
  if (begins.length === 1 && begins[0] !== undefined) return begins[0].id;
  const why = begins.length > 1 ? `${begins.length} tasks begin with ${text}` : `there is no task "${text}"`;
  throw new WindlassError(why, { code: "no-such-task", hint: "windlass tasks lists them." });
}
