import { ApiFault } from "../api-fault.ts";
import { flagOf, isMap, mapOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, updateDocument } from "../store/documents.ts";
import { USER } from "../store/kinds.ts";
import { requireUser } from "./user-access.ts";

/** `users.get_preferences`, `set_preferences` (clearml-services.md 8): a map of the web app's own, written by dotted paths. */
export function preferencesOf(call: Call, user: string): Document {
  return (requireUser(call, user, ["preferences"])["preferences"] ?? {}) as Document;
}

/** Each top-level key is a path of its own; one that cannot be set refuses the whole call. */
function setPreferences(call: Call, body: Body): object {
  const before = preferencesOf(call, call.caller.user);
  const given = Object.entries(mapOf(body, "preferences") ?? {});
  const preferences = given.reduce((all, [key, value]) => withPath(all, key, value), before);
  if (JSON.stringify(preferences) === JSON.stringify(before)) return { updated: 0, fields: {} };
  updateDocument(call.db, USER, call.caller.user, { preferences });
  return { updated: 1, fields: flagOf(body, "return_updated", true) ? { preferences } : {} };
}

function withPath(all: Document, key: string, value: unknown): Document {
  requireKeys(value);
  const [last = "", ...above] = key.split(".").toReversed();
  const parts = above.toReversed();
  if ([last, ...parts].includes("")) throw malformed(key, value);
  for (const part of [...parts, last]) requireKey(part);
  const result = ownCopy(all);
  let holder = result;
  for (const part of parts) {
    const inside = holder[part];
    if (inside !== undefined && !isMap(inside)) throw malformed(key, value);
    holder = holder[part] = ownCopy(inside ?? {});
  }
  holder[last] = value;
  return result;
}

/** Without a prototype: a key may be called `__proto__`, and is one like others. */
const ownCopy = (map: Document): Document => Object.assign(Object.create(null) as Document, map);

const malformed = (key: string, value: unknown): ApiFault =>
  new ApiFault(400, 305, "Malformed key and/or value", { key, value: isMap(value) ? JSON.stringify(value) : value });

/** Keys of maps inside the value; by a list instead of by recursion, since a caller decides how deep it is. */
function requireKeys(value: unknown): void {
  for (const left = [value]; left.length > 0; ) {
    const next = left.pop();
    if (Array.isArray(next)) for (const item of next) left.push(item);
    if (!isMap(next)) continue;
    for (const key of Object.keys(next)) requireKey(key);
    for (const item of Object.values(next)) left.push(item);
  }
}

function requireKey(key: string): void {
  if (!key.startsWith("$") && !key.includes(".")) return;
  throw new ApiFault(400, 16, `Invalid value for fields (Key ${key} is invalid. Keys cannot start with '$' or contain '.'.)`);
}

export const PREFERENCE_ENDPOINTS: readonly Endpoint[] = [
  read("users.get_preferences", (call) => ({ preferences: preferencesOf(call, call.caller.user) })),
  write("users.set_preferences", setPreferences),
];
