import { ApiFault } from "../api-fault.ts";
import { flagOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";

/** Whose events are read: a task, or with `model_events` a model (clearml-tasks-events.md 13). */
export interface Owner {
  readonly id: string;
  readonly name: string | null;
  /** What its events refer to; 0 = it never had any. */
  readonly seq: number;
}

/** The owners in the asked order. Throws 400/101, or 400/201 for models, with all asked ids when one is unknown. */
export function requireOwners(call: Call, ids: readonly string[], body: Body): Owner[] {
  const table = flagOf(body, "model_events") ? "models" : "tasks";
  const owners = ids.flatMap((id) => findOwner(call, table, id) ?? []);
  if (owners.length < ids.length) throw unknownOwners(table, { ids });
  return owners;
}

export function requireOwner(call: Call, id: string, body: Body): Owner {
  return requireOwners(call, [id], body)[0] as Owner;
}

export function unknownOwners(table: "tasks" | "models", details: Readonly<Record<string, unknown>>): ApiFault {
  return table === "tasks" ? new ApiFault(400, 101, "Invalid task id", details) : new ApiFault(400, 201, "Invalid model id", details);
}

function findOwner(call: Call, table: "tasks" | "models", id: string): Owner | undefined {
  return call.db.get<Owner>(
    `SELECT ${table}.id, name, coalesce(event_owners.seq, 0) AS seq FROM ${table} LEFT JOIN event_owners ON event_owners.id = ${table}.id
     WHERE ${table}.id = ? AND company IN (?, '')`,
    id,
    call.caller.company,
  );
}

/** What the events of this id refer to; made with its first event. */
export function ownerSeq(call: Call, id: string): number {
  const known = call.db.get<{ seq: number }>("SELECT seq FROM event_owners WHERE id = ?", id);
  return known?.seq ?? call.db.insert("INSERT INTO event_owners (id) VALUES (?)", id);
}
