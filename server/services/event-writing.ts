import { requireOwnTask } from "../auth/own-task.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type BatchResult, checkBatch, requireAdded, type Touched } from "./event-batch.ts";
import { type EventFields, NO_ITERATION } from "./event-fields.ts";
import { ownerSeq } from "./event-owners.ts";
import { finish } from "./touched-task.ts";

/** `events.add` and `events.add_batch` (clearml-tasks-events.md 8) in one transaction. */
export function addEvents(call: Call, lines: readonly Body[]): object {
  const { touched, ...reply } = requireAdded(storeEvents(call, lines));
  for (const owner of touched) finish(call, owner);
  return reply;
}

/** Checks and stores the events: logs are appended, all others have an identity and replace what stood there. */
export function storeEvents(call: Call, lines: readonly Body[]): BatchResult {
  const writer = new EventWriter(call);
  return checkBatch(call, lines, (owner, fields, event) => writer.store(owner, fields, event));
}

/** Writes the events of one batch; remembers what it looked up. */
class EventWriter {
  readonly #call: Call;
  readonly #owners = new Map<string, number>();
  readonly #series = new Map<string, number>();

  constructor(call: Call) {
    this.#call = call;
  }

  store(owner: string, fields: EventFields, event: Body): void {
    let seq = this.#owners.get(owner);
    if (seq === undefined) this.#owners.set(owner, (seq = ownerSeq(this.#call, owner)));
    if (fields.type === "log") this.#insertLog(seq, fields, event);
    else if (fields.type === "training_stats_scalar") this.#insertPoint(seq, fields);
    else this.#insertOther(seq, fields, event);
  }

  #insertLog(owner: number, { metric, variant, iter, timestamp, worker, rest }: EventFields, event: Body): void {
    this.#call.db.run(
      "INSERT INTO log_events (task, timestamp, written, worker, level, metric, variant, iter, msg, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      owner,
      timestamp,
      this.#call.nowMs,
      worker,
      textOrNull(event["level"]),
      metric === "" ? null : metric,
      variant === "" ? null : variant,
      iter === NO_ITERATION ? null : iter,
      textOrNull(event["msg"]),
      rest,
    );
  }

  #insertPoint(owner: number, { metric, variant, iter, value, timestamp, worker, rest }: EventFields): void {
    this.#call.db.run(
      "INSERT OR REPLACE INTO points (series, iter, value, timestamp, written, worker, fields) VALUES (?, ?, ?, ?, ?, ?, ?)",
      this.#seriesOf(owner, metric, variant),
      iter,
      value,
      timestamp,
      this.#call.nowMs,
      worker,
      rest,
    );
  }

  #seriesOf(owner: number, metric: string, variant: string): number {
    const key = JSON.stringify([owner, metric, variant]);
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const { db, nowMs } = this.#call;
    const row = db.get<{ seq: number }>("SELECT seq FROM series WHERE task = ? AND metric = ? AND variant = ?", owner, metric, variant);
    const seq =
      row?.seq ?? db.insert("INSERT INTO series (task, metric, variant, oldest) VALUES (?, ?, ?, ?)", owner, metric, variant, nowMs);
    this.#series.set(key, seq);
    return seq;
  }

  #insertOther(owner: number, { type, metric, variant, iter, key, timestamp, worker, rest }: EventFields, event: Body): void {
    this.#call.db.run(
      `INSERT OR REPLACE INTO other_events (task, type, metric, variant, iter, key, timestamp, written, worker, url, fields)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      owner,
      type,
      metric,
      variant,
      iter,
      key,
      timestamp,
      this.#call.nowMs,
      worker,
      type === "training_debug_image" ? textOrNull(event["url"]) : null,
      rest,
    );
  }
}

/** Of a large batch (store/large-batch.ts): the check of all of it, which changes nothing. */
function checkEvents(call: Call, lines: readonly Body[]): object {
  requireOwnTask(call, "events.add_batch", "write", lines);
  return requireAdded(checkBatch(call, lines, () => undefined));
}

function finishEvents(call: Call, body: Body): object {
  for (const touched of body["touched"] as Touched[]) finish(call, touched);
  return {};
}

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

export const EVENT_WRITING_ENDPOINTS: readonly Endpoint[] = [
  { name: "events.add_batch", mode: "write", body: "batch", handle: (call, _body, lines) => addEvents(call, lines) },
  { name: "events.add", mode: "write", body: "batch", handle: (call, _body, lines) => addEvents(call, lines) },
  { name: "internal.check_events", mode: "read", body: "batch", handle: (call, _body, lines) => checkEvents(call, lines) },
  {
    name: "internal.store_events",
    mode: "write",
    body: "batch",
    handle: (call, _body, lines) => ({ added: storeEvents(call, lines).added }),
  },
  write("internal.finish_events", finishEvents),
];
