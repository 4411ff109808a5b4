import type { Client } from "../agent/client.ts";
import { exactly } from "../api/projects.ts";
import { asTaskId, looksLikeId, type TaskId } from "../api/wire/ids.ts";
import type { TaskStatus } from "../api/wire/task-types.ts";
import { WindlassError } from "../base/errors.ts";

/** A task by its id, by the beginning of it (six digits at least), or by its name, the newest one of that name. */
export async function findTask(client: Client, text: string): Promise<TaskId> {
  if (looksLikeId(text)) return asTaskId(text);
  return (await named(client, text))[0] ?? (await beginning(client, text));
}

/**
 * A task to do something to: a name must be that of one task only. `among`: those in other states count only where none is
 * in one of these. Throws `several-tasks`.
 */
export async function findOneTask(client: Client, text: string, among: readonly TaskStatus[] = []): Promise<TaskId> {
  if (looksLikeId(text)) return asTaskId(text);
  const wanted = among.length === 0 ? [] : await named(client, text, { status: among });
  const found = wanted.length > 0 ? wanted : await named(client, text);
  if (found.length < 2) return found[0] ?? (await beginning(client, text));
  const ids = found.slice(0, LISTED).join(", ");
  const how = `Name it by its id or the begin of it: ${ids}${found.length > LISTED ? " and more" : ""}.`;
  throw new WindlassError(`several tasks are called "${text}"`, { code: "several-tasks", hint: how });
}

const LISTED = 5;
const NEWEST_FIRST = { only_fields: ["id", "name"], order_by: ["-last_update"], search_hidden: true, page: 0 };

/** The tasks of exactly this name, the newest first; a few. */
async function named(client: Client, text: string, more: object = {}): Promise<TaskId[]> {
  const query = { ...NEWEST_FIRST, ...more, name: exactly(text), page_size: LISTED + 1 };
  return (await client.tasks.query(query)).map(({ id }) => id);
}

async function beginning(client: Client, text: string): Promise<TaskId> {
  const isDigits = /^[0-9a-f]{6,}$/.test(text);
  const all = isDigits ? await client.tasks.query({ ...NEWEST_FIRST, page_size: 500 }) : [];
  const begins = all.filter(({ id }) => id.startsWith(text));
  if (begins.length === 1 && begins[0] !== undefined) return begins[0].id;
  const why = begins.length > 1 ? `${begins.length} tasks begin with ${text}` : `there is no task "${text}"`;
  throw new WindlassError(why, { code: "no-such-task", hint: "windlass tasks lists them." });
}
