import { ApiFault } from "../api-fault.ts";
import { wireDate } from "../body.ts";
import type { Call } from "../endpoint.ts";
import { addQueuePoint } from "./queue-points.ts";

/** The waiting tasks of a queue: first in, first out, each task at most once in a queue. */
export interface Entry {
  readonly task: string;
  readonly added: string;
}

/** 400/701; `as` is the name that the refusal gives to the id. */
export function requireQueue(call: Call, queue: string, as = "id"): void {
  if (call.db.get("SELECT 1 FROM queues WHERE id = ? AND company = ?", queue, call.caller.company) !== undefined) return;
  throw new ApiFault(400, 701, "Invalid queue id", { [as]: queue, ...(as === "id" ? { company: call.caller.company } : {}) });
}

/** All entries for 0, the first ones for a positive number, the last ones for a negative one. */
export function entriesOf(call: Call, queue: string, limit = 0): Entry[] {
  const order = limit < 0 ? "DESC" : "ASC";
  const sql = `SELECT task, added FROM queue_entries WHERE queue = ? ORDER BY place ${order} LIMIT ?`;
  const entries = call.db.all<Entry & Record<string, unknown>>(sql, queue, limit === 0 ? -1 : Math.abs(limit));
  return limit < 0 ? entries.reverse() : entries;
}

export function countOf(call: Call, queue: string): number {
  return call.db.get<{ entries: number }>("SELECT entries FROM queue_totals WHERE queue = ?", queue)?.entries ?? 0;
}

/** Appends; 400/706 when the task is there already. */
export function append(call: Call, queue: string, task: string): void {
  requireQueue(call, queue);
  if (placeOf(call, queue, task) !== undefined)
    throw new ApiFault(400, 706, "Failed adding task to queue since task is already queued", { task });
  insertAt(call, queue, lastPlace(call, queue) + 1, { task, added: wireDate(call.nowMs) });
  touched(call, queue);
  addQueuePoint(call, queue);
  call.effects.queues.add(queue);
}

/** Takes one task off; false when it was not there. */
export function remove(call: Call, queue: string, task: string): boolean {
  if (!takeOff(call, queue, task)) return false;
  addQueuePoint(call, queue);
  return true;
}

/** Takes the head off, or nothing when it is not the wanted task. The figures are those of before, also of an empty queue. */
export function pop(call: Call, queue: string, wanted: string | undefined): Entry | undefined {
  const [head] = entriesOf(call, queue, 1);
  if (wanted !== undefined && wanted !== head?.task) return undefined;
  addQueuePoint(call, queue);
  if (head !== undefined) takeOff(call, queue, head.task);
  return head;
}

function takeOff(call: Call, queue: string, task: string): boolean {
  const isThere = call.db.run("DELETE FROM queue_entries WHERE queue = ? AND task = ?", queue, task) > 0;
  if (isThere) touched(call, queue);
  return isThere;
}

export function removeEverywhere(call: Call, task: string, except?: string): number {
  const queues = call.db.all<{ queue: string }>("SELECT queue FROM queue_entries WHERE task = ? AND queue <> ?", task, except ?? "");
  return queues.filter(({ queue }) => remove(call, queue, task)).length;
}

/** Moves a task to a position (0 = head) as near as there is one; the position it got. 400/703 when it is not in the queue. */
export function move(call: Call, queue: string, task: string, positionFrom: (index: number, last: number) => number): number {
  const place = placeOf(call, queue, task);
  if (place === undefined) throw notQueued(call, queue, task);
  const index = countBefore(call, queue, place);
  const last = countOf(call, queue) - 1;
  const position = Math.max(0, Math.min(positionFrom(index, last), last));
  if (position !== index) reposition(call, queue, { place, index, position });
  return position;
}

export const notQueued = (call: Call, queue: string, task: string): ApiFault =>
  new ApiFault(400, 703, "Invalid queue id or task not in queue", { task, id: queue, company: call.caller.company });

/** The entries between the two positions go one place on, those around stay: only what moves is written. */
function reposition(call: Call, queue: string, { place, index, position }: { place: number; index: number; position: number }): void {
  const [from, length] = [Math.min(index, position), Math.abs(index - position) + 1];
  const sql = "SELECT place, task, added FROM queue_entries WHERE queue = ? ORDER BY place LIMIT ? OFFSET ?";
  const rows = call.db.all<Entry & { place: number }>(sql, queue, length, from);
  const moved = rows.filter((row) => row.place === place);
  const others = rows.filter((row) => row.place !== place);
  for (const row of rows) call.db.run("DELETE FROM queue_entries WHERE queue = ? AND place = ?", queue, row.place);
  const order = position < index ? [...moved, ...others] : [...others, ...moved];
  for (const [at, row] of order.entries()) insertAt(call, queue, rows[at]?.place ?? row.place, row);
}

function insertAt(call: Call, queue: string, place: number, { task, added }: Entry): void {
  call.db.run("INSERT INTO queue_entries (queue, place, task, added) VALUES (?, ?, ?, ?)", queue, place, task, added);
}

export function placeOf(call: Call, queue: string, task: string): number | undefined {
  return call.db.get<{ place: number }>("SELECT place FROM queue_entries WHERE queue = ? AND task = ?", queue, task)?.place;
}

function countBefore(call: Call, queue: string, place: number): number {
  return call.db.get<{ n: number }>("SELECT count(*) AS n FROM queue_entries WHERE queue = ? AND place < ?", queue, place)?.n ?? 0;
}

function lastPlace(call: Call, queue: string): number {
  return call.db.get<{ place: number | null }>("SELECT max(place) AS place FROM queue_entries WHERE queue = ?", queue)?.place ?? 0;
}

function touched(call: Call, queue: string): void {
  call.db.run("UPDATE queues SET last_update = ? WHERE id = ?", wireDate(call.nowMs), queue);
}
