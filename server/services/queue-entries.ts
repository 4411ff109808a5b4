import { ApiFault, invalidQueue } from "../api-fault.ts";
import { wireDate } from "../body.ts";
import type { Call } from "../endpoint.ts";

/** The waiting tasks of a queue: first in, first out, each task at most once in a queue. */
export interface Entry {
  readonly task: string;
  readonly added: string;
}

export function requireQueue(call: Call, queue: string): void {
  if (call.db.get("SELECT 1 FROM queues WHERE id = ?", queue) === undefined) throw invalidQueue(queue);
}

export function entriesOf(call: Call, queue: string, limit = -1): Entry[] {
  return call.db.all<Entry & Record<string, unknown>>(
    "SELECT task, added FROM queue_entries WHERE queue = ? ORDER BY place LIMIT ?",
    queue,
    limit,
  );
}

export function countOf(call: Call, queue: string): number {
  return call.db.get<{ n: number }>("SELECT count(*) AS n FROM queue_entries WHERE queue = ?", queue)?.n ?? 0;
}

/** Appends; 400/706 when the task is there already. */
export function append(call: Call, queue: string, task: string): void {
  requireQueue(call, queue);
  if (placeOf(call, queue, task) !== undefined) throw new ApiFault(400, 706, "Task already queued", { queue, task });
  insertAt(call, queue, task, edge(call, queue, "max") + 1, wireDate(call.nowMs));
  touched(call, queue);
  call.effects.queues.add(queue);
}

/** Takes one task off; false when it was not there. */
export function remove(call: Call, queue: string, task: string): boolean {
  const removed = call.db.run("DELETE FROM queue_entries WHERE queue = ? AND task = ?", queue, task) > 0;
  if (removed) touched(call, queue);
  return removed;
}

export function removeEverywhere(call: Call, task: string, except?: string): number {
  return call.db.run("DELETE FROM queue_entries WHERE task = ? AND queue <> ?", task, except ?? "");
}

/** Moves a task to a position (0 = head); the position it got. 400/703 when it is not in the queue. */
export function move(call: Call, queue: string, task: string, positionFrom: (index: number, last: number) => number): number {
  requireQueue(call, queue);
  const entries = entriesOf(call, queue);
  const index = entries.findIndex((entry) => entry.task === task);
  const [entry] = index < 0 ? [] : entries.splice(index, 1);
  if (entry === undefined) throw new ApiFault(400, 703, "Invalid queue id or task not in queue", { queue, task });
  const position = Math.max(0, Math.min(positionFrom(index, entries.length), entries.length));
  entries.splice(position, 0, entry);
  call.db.run("DELETE FROM queue_entries WHERE queue = ?", queue);
  for (const [place, { task: id, added }] of entries.entries()) insertAt(call, queue, id, place, added);
  touched(call, queue);
  return position;
}

function insertAt(call: Call, queue: string, task: string, place: number, added: string): void {
  call.db.run("INSERT INTO queue_entries (queue, place, task, added) VALUES (?, ?, ?, ?)", queue, place, task, added);
}

export function placeOf(call: Call, queue: string, task: string): number | undefined {
  return call.db.get<{ place: number }>("SELECT place FROM queue_entries WHERE queue = ? AND task = ?", queue, task)?.place;
}

function edge(call: Call, queue: string, which: "min" | "max"): number {
  return call.db.get<{ place: number | null }>(`SELECT ${which}(place) AS place FROM queue_entries WHERE queue = ?`, queue)?.place ?? 0;
}

function touched(call: Call, queue: string): void {
  call.db.run("UPDATE queues SET last_update = ? WHERE id = ?", wireDate(call.nowMs), queue);
}
