import { newId } from "../../base/ids.ts";
import { ApiFault } from "../api-fault.ts";
import { flagOf, mapOf, nameOf, requiredText, tagsOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, QUEUE_LIST, write } from "../endpoint.ts";
import { type Document, insertDocument, updateDocument } from "../store/documents.ts";
import { QUEUE } from "../store/kinds.ts";
import { requireQueue } from "./queue-entries.ts";
import { metadataItems, shownMetadata } from "./queue-metadata.ts";
import { emptyQueue } from "./queue-tasks.ts";

/** Queues made, changed, deleted (clearml-services.md 12). */

/** The queue of that name, made when there is none: `tasks.enqueue` with `queue_name`. */
export function ensureQueue(call: Call, name: string): string {
  const sql = "SELECT id FROM queues WHERE name = ? AND company = ?";
  return call.db.get<{ id: string }>(sql, name, call.caller.company)?.id ?? createQueue(call, { name });
}

/** The company's default queue: the one tagged `default` (400/707 none, 708 several). */
export function defaultQueue(call: Call): { id: string; name: string } {
  const found = call.db.all<{ id: string; name: string }>(
    "SELECT id, name FROM queues WHERE company = ? AND EXISTS (SELECT 1 FROM json_each(coalesce(system_tags, '[]')) WHERE value = 'default')",
    call.caller.company,
  );
  const [first] = found;
  if (first === undefined) throw new ApiFault(400, 707, "No queue is tagged as the default queue for this company");
  if (found.length > 1) {
    const queues = found.map(({ id }) => id);
    throw new ApiFault(400, 708, "More than one queue is tagged as the default queue for this company", { queues });
  }
  return { id: first.id, name: first.name };
}

export function createQueue(call: Call, body: Body): string {
  const id = newId();
  const now = wireDate(call.nowMs);
  insertDocument(call.db, QUEUE, {
    id,
    name: freeName(call, body),
    display_name: textOf(body, "display_name")?.trim(),
    user: call.caller.user,
    company: call.caller.company,
    created: now,
    last_update: now,
    tags: tagsOf(body, "tags") ?? [],
    system_tags: tagsOf(body, "system_tags") ?? [],
    metadata: metadataOf(body) ?? {},
  });
  call.effects.queues.add(QUEUE_LIST);
  return id;
}

/** 400/800 for a short name, 400/801 for one that another queue has. */
function freeName(call: Call, body: Body, own?: string): string {
  const name = nameOf(body);
  const { company } = call.caller;
  if (call.db.get("SELECT 1 FROM queues WHERE name = ? AND id <> ?", name, own ?? "") !== undefined)
    throw new ApiFault(400, 801, "Value combination already exists (unique field already contains this value)", { name, company });
  return name;
}

function metadataOf(body: Body): Document | undefined {
  if (body["metadata"] === null || body["metadata"] === undefined) return undefined;
  if (!Array.isArray(body["metadata"])) return mapOf(body, "metadata");
  return Object.fromEntries(metadataItems(body).map((item) => [requiredText(item, "key"), item]));
}

/** What is null stays; `last_update` tells of tasks that come and go, and does not move here. */
function update(call: Call, body: Body): object {
  const id = requiredText(body, "queue");
  requireQueue(call, id);
  const given: Document = {
    name: textOf(body, "name") === undefined ? undefined : freeName(call, body, id),
    display_name: textOf(body, "display_name"),
    tags: tagsOf(body, "tags"),
    system_tags: tagsOf(body, "system_tags"),
    metadata: metadataOf(body),
  };
  const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (Object.keys(fields).length === 0) return { updated: 0, fields };
  updateDocument(call.db, QUEUE, id, fields);
  // Whoever waits for a queue of a name looks again.
  call.effects.queues.add(QUEUE_LIST);
  return { updated: 1, fields: shownMetadata(call, fields) };
}

function deleteQueue(call: Call, body: Body): object {
  const id = requiredText(body, "queue");
  requireQueue(call, id);
  const isEmpty = call.db.get("SELECT 1 FROM queue_entries WHERE queue = ?", id) === undefined;
  if (!isEmpty && !flagOf(body, "force")) throw new ApiFault(400, 702, "Queue is not empty (use force=true to delete)", { id });
  emptyQueue(call, id, `Queue ${id} was deleted`);
  call.db.run("DELETE FROM queues WHERE id = ?", id);
  for (const table of ["queue_points", "queue_totals"]) call.db.run(`DELETE FROM ${table} WHERE queue = ?`, id);
  call.effects.queues.add(QUEUE_LIST);
  return { deleted: 1 };
}

export const QUEUE_ENDPOINTS: readonly Endpoint[] = [
  write("queues.create", (call, body) => ({ id: createQueue(call, body) })),
  write("queues.update", update),
  write("queues.delete", deleteQueue),
];
