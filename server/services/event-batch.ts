import { ApiFault } from "../api-fault.ts";
import type { Body, Call } from "../endpoint.ts";
import { type EventFields, fieldsOf, NO_ITERATION } from "./event-fields.ts";
import { type PairSummary, summarized } from "./metric-summary.ts";

/**
 * The checks of `events.add_batch` (clearml-tasks-events.md 8): first what must be alike in the whole batch, then event by event.
 * An event that is refused is counted with its reason; what cannot be stored at all refuses the batch.
 */
const TYPES = new Set(["log", "training_stats_scalar", "training_stats_vector", "training_debug_image", "plot"]);
const MONITOR = new Set([":monitor:machine", ":monitor:gpu"]);

/** What a batch did to one task or model; plain, since it travels between the threads. */
export interface Touched {
  readonly id: string;
  readonly isModel: boolean;
  readonly pairs: readonly PairSummary[];
  readonly stats: readonly { readonly metric: string; readonly type: string; readonly timestamp: number }[];
  readonly lastIteration: number | null;
}

export interface BatchResult {
  readonly added: number;
  readonly errors: number;
  readonly errors_info: Readonly<Record<string, number>>;
  readonly touched: readonly Touched[];
}

export type Store = (owner: string, fields: EventFields, event: Body) => void;

/** Checks all events and hands those that are accepted to `store`, in order. */
export function checkBatch(call: Call, lines: readonly Body[], store: Store): BatchResult {
  const owners = new Owners(call, lines);
  const refused = new Map<string, number>();
  let added = 0;
  for (const event of lines) {
    const owner = ownerOrProblem(owners, event);
    if (typeof owner === "string") refused.set(owner, (refused.get(owner) ?? 0) + 1);
    else {
      const fields = fieldsOf(call, event, typeOf(event) as string, owner.isModel);
      owner.take(fields);
      store(owner.id, fields, event);
      added++;
    }
  }
  return { added, errors: lines.length - added, errors_info: Object.fromEntries(refused), touched: owners.touched() };
}

/** The result of a whole batch. Throws 400/17 when it held nothing, 400/131 with the reasons when nothing of it was added. */
export function requireAdded(result: BatchResult): BatchResult {
  if (result.added + result.errors === 0) throw new ApiFault(400, 17, "Batch contains no items");
  if (result.added === 0) throw new ApiFault(400, 131, "Events not added", result.errors_info);
  return result;
}

/** With spaces for underscores; undefined when there is none. Throws 500/0 for what is no text. */
function typeOf(event: Body): string | undefined {
  const type = event["type"];
  if (type === undefined || type === null) return undefined;
  if (typeof type !== "string") throw new ApiFault(500, 0, "General server error (type must be a string)");
  return type.includes(" ") ? type.replaceAll(" ", "_") : type;
}

function ownerOrProblem(owners: Owners, event: Body): OwnerInBatch | string {
  const type = typeOf(event);
  if (type === undefined) return "Event must have a 'type' field";
  if (!TYPES.has(type)) return `Invalid event type ${type}`;
  const isModel = isOfModel(event);
  if (isModel && type === "log") return "Task log events are not supported for models";
  const id = idOf(event);
  if (id === undefined) return "Event must have a 'task' field";
  return owners.find(id) ?? `Invalid ${isModel ? "model" : "task"} id ${id}`;
}

const isOfModel = (event: Body): boolean => event["model_event"] === true;

function idOf(event: Body): string | undefined {
  const id = (isOfModel(event) ? event["model"] : undefined) ?? event["task"];
  return id === undefined || id === null ? undefined : String(id);
}

/** The tasks and models of a batch, each looked up once. */
class Owners {
  readonly #found = new Map<string, OwnerInBatch | undefined>();

  constructor(call: Call, lines: readonly Body[]) {
    const asked = new Map<string, { isModel: boolean; isUnlocked: boolean }>();
    for (const event of lines) {
      const id = idOf(event);
      if (id === undefined) continue;
      const now = { isModel: isOfModel(event), isUnlocked: event["allow_locked"] === true };
      const known = asked.get(id);
      if (known === undefined) asked.set(id, now);
      else if (known.isUnlocked !== now.isUnlocked) throw invalid(`Inconsistent allow_locked setting in the passed events for ${id}`);
      else if (known.isModel !== now.isModel) throw invalid("Inconsistent model_event setting in the passed events", { tasks: [id] });
    }
    for (const [id, { isModel, isUnlocked }] of asked)
      this.#found.set(id, isOpen(call, id, isModel, isUnlocked) ? new OwnerInBatch(id, isModel) : undefined);
  }

  find(id: string): OwnerInBatch | undefined {
    return this.#found.get(id);
  }

  touched(): Touched[] {
    return [...this.#found.values()].flatMap((owner) => owner?.touched() ?? []);
  }
}

const invalid = (message: string, details = {}): ApiFault => new ApiFault(400, 12, `Validation error (${message})`, details);

/** Of the caller's company, and not published. */
function isOpen(call: Call, id: string, isModel: boolean, isUnlocked: boolean): boolean {
  const state = isModel ? "coalesce(ready, 0)" : "status IN ('published', 'publishing')";
  const sql = `SELECT ${state} AS locked FROM ${isModel ? "models" : "tasks"} WHERE id = ? AND company = ?`;
  const row = call.db.get<{ locked: number }>(sql, id, call.caller.company);
  return row !== undefined && (isUnlocked || row.locked !== 1);
}

class OwnerInBatch {
  readonly id: string;
  readonly isModel: boolean;
  readonly #pairs = new Map<string, PairSummary>();
  readonly #stats = new Map<string, { metric: string; type: string; timestamp: number }>();
  #lastIteration: number | null = null;
  #isTouched = false;

  constructor(id: string, isModel: boolean) {
    this.id = id;
    this.isModel = isModel;
  }

  take(fields: EventFields): void {
    const { type, metric, variant, iter, timestamp, value, xAxisLabel } = fields;
    this.#isTouched = true;
    const key = `${type}\n${metric}`;
    const stat = this.#stats.get(key);
    if (stat === undefined) this.#stats.set(key, { metric, type, timestamp });
    else stat.timestamp = Math.max(stat.timestamp, timestamp);
    const hasIteration = iter !== NO_ITERATION;
    if (hasIteration && !MONITOR.has(metric)) this.#lastIteration = Math.max(this.#lastIteration ?? 0, iter);
    if (value === null) return;
    const pair = JSON.stringify([metric, variant]);
    const point = { metric, variant, value, iter: hasIteration ? iter : 0, timestamp, label: xAxisLabel };
    this.#pairs.set(pair, summarized(this.#pairs.get(pair), point));
  }

  touched(): Touched[] {
    if (!this.#isTouched) return [];
    const [pairs, stats] = [[...this.#pairs.values()], [...this.#stats.values()]];
    return [{ id: this.id, isModel: this.isModel, pairs, stats, lastIteration: this.#lastIteration }];
  }
}
