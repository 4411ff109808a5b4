import { invalidQueue } from "../api-fault.ts";
import { flagOf, isMap, mapListOf, requiredText, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { QUEUE } from "../store/kinds.ts";
import { entriesOf } from "./queue-entries.ts";

/** What is said about queues: metadata and lengths (clearml-api.md 5). */

/** A list of `{key, type, value}`, or a map of them by key. */
export function metadataItems(body: Body): Document[] {
  const given = body["metadata"];
  return mapListOf(isMap(given) ? { metadata: Object.values(given) } : body, "metadata") ?? [];
}

function editMetadata(call: Call, body: Body): object {
  const id = requiredText(body, "queue");
  const queue = findDocument(call.db, QUEUE, id, ["metadata"]);
  if (queue === undefined) throw invalidQueue(id);
  const given = Object.fromEntries(metadataItems(body).map((item) => [requiredText(item, "key"), item]));
  const before = flagOf(body, "replace_metadata") ? {} : (queue["metadata"] as object);
  updateDocument(call.db, QUEUE, id, { metadata: { ...before, ...given } });
  return { updated: 1 };
}

function deleteMetadata(call: Call, body: Body): object {
  const id = requiredText(body, "queue");
  const queue = findDocument(call.db, QUEUE, id, ["metadata"]);
  if (queue === undefined) throw invalidQueue(id);
  const keys = new Set(textListOf(body, "keys") ?? []);
  const left = Object.fromEntries(Object.entries(queue["metadata"] as object).filter(([key]) => !keys.has(key)));
  updateDocument(call.db, QUEUE, id, { metadata: left });
  return { updated: 1 };
}

/** Lengths and waiting times of this moment, as one point: the store keeps no history of queues. */
function getQueueMetrics(call: Call, body: Body): object {
  const ids = textListOf(body, "queue_ids") ?? [];
  const row = (queue: string | undefined): Document => {
    const entries = queue === undefined ? call.db.all<{ added: string }>("SELECT added FROM queue_entries") : entriesOf(call, queue);
    const waits = entries.map((entry) => (call.nowMs - Date.parse(entry.added)) / 1000);
    const mean = waits.length === 0 ? 0 : waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    return { queue: queue ?? "all", dates: [Math.floor(call.nowMs / 1000)], avg_waiting_times: [mean], queue_lengths: [entries.length] };
  };
  return { queues: ids.length === 0 ? [row(undefined)] : ids.map(row) };
}

export const QUEUE_METADATA_ENDPOINTS: readonly Endpoint[] = [
  read("queues.get_queue_metrics", getQueueMetrics),
  write("queues.add_or_update_metadata", editMetadata),
  write("queues.delete_metadata", deleteMetadata),
];
