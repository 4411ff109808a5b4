import { flagOf, isMap, mapListOf, requiredText, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { QUEUE } from "../store/kinds.ts";
import { requireQueue } from "./queue-entries.ts";

/** What people note about queues (clearml-services.md 12); no time stamp moves. */

/** A list of `{key, type, value}`, or a map of them by key. */
export function metadataItems(body: Body): Document[] {
  const given = body["metadata"];
  return mapListOf(isMap(given) ? { metadata: Object.values(given) } : body, "metadata") ?? [];
}

/** The versions up to 2.16 know metadata as a list. */
export function shownMetadata(call: Call, document: Document): Document {
  return isMap(document["metadata"]) && call.version < 2.17 ? { ...document, metadata: Object.values(document["metadata"]) } : document;
}

function metadataOf(call: Call, queue: string): Map<string, unknown> {
  requireQueue(call, queue);
  return new Map(Object.entries(findDocument(call.db, QUEUE, queue, ["metadata"])?.["metadata"] as object));
}

function editMetadata(call: Call, body: Body): object {
  const id = requiredText(body, "queue");
  const before = metadataOf(call, id);
  const given = metadataItems(body).map((item): [string, Document] => [requiredText(item, "key"), item]);
  const metadata = Object.fromEntries([...(flagOf(body, "replace_metadata") ? [] : before), ...given]);
  updateDocument(call.db, QUEUE, id, { metadata });
  return { updated: 1 };
}

function deleteMetadata(call: Call, body: Body): object {
  const id = requiredText(body, "queue");
  const metadata = metadataOf(call, id);
  for (const key of textListOf(body, "keys") ?? []) metadata.delete(key);
  updateDocument(call.db, QUEUE, id, { metadata: Object.fromEntries(metadata) });
  return { updated: 1 };
}

export const QUEUE_METADATA_ENDPOINTS: readonly Endpoint[] = [
  write("queues.add_or_update_metadata", editMetadata),
  write("queues.delete_metadata", deleteMetadata),
];
