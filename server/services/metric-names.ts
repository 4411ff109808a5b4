import { requiredText, requiredTextList, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { NO_ITERATION, SINGLE_VALUE_ITERATION } from "./event-fields.ts";
import { requireOwner, requireOwners } from "./event-owners.ts";
import { OTHER_TYPES } from "./event-positions.ts";
import { namesOfLogs } from "./task-log.ts";

/** Which metrics and variants a task has (clearml-tasks-events.md 9, 10). */
interface Names extends Record<string, unknown> {
  readonly metric: string;
  readonly variant: string;
}

/** `events.get_task_metrics`: by task in the asked order; only of events with an iteration that is not that of a single value. */
export function getTaskMetrics(call: Call, body: Body): object {
  const owners = requireOwners(call, requiredTextList(body, "tasks"), body);
  const metrics = owners.map(({ id, seq }) => ({ task: id, metrics: metricsOf(namesOf(call, seq, typesIn(body), true)) }));
  return { metrics };
}

const metricsOf = (names: readonly Names[]): string[] => [...new Set(names.map((name) => name.metric))].sort();

/** `events.get_multi_task_metrics`: of all tasks together, of all events. */
export function getMultiTaskMetrics(call: Call, body: Body): object {
  const owners = requireOwners(call, requiredTextList(body, "tasks"), body);
  const names = owners.flatMap(({ seq }) => namesOf(call, seq, typesIn(body), false));
  return { metrics: Object.entries(variantsByMetric(names)).map(([metric, variants]) => ({ metric, variants })) };
}

/** `events.get_scalar_metrics_and_variants`, `get_vector_metrics_and_variants`. */
export function metricsAndVariants(type: string): (call: Call, body: Body) => object {
  return (call, body) => {
    const { seq } = requireOwner(call, requiredText(body, "task"), body);
    return { metrics: variantsByMetric(namesOf(call, seq, [type], false)) };
  };
}

const ALL_TYPES = ["log", "training_stats_scalar", ...OTHER_TYPES];

function typesIn(body: Body): readonly string[] {
  const type = textOf(body, "event_type") ?? "*";
  return type === "*" ? ALL_TYPES : [type];
}

function variantsByMetric(names: readonly Names[]): Document {
  const sorted = names.toSorted((a, b) => compare(a.metric, b.metric) || compare(a.variant, b.variant));
  const grouped = Map.groupBy(sorted, (name) => name.metric);
  return Object.fromEntries([...grouped].map(([metric, group]) => [metric, [...new Set(group.map((name) => name.variant))]]));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const PLACED = `iter > ${SINGLE_VALUE_ITERATION} AND iter < ${NO_ITERATION}`;

function namesOf(call: Call, owner: number, types: readonly string[], placed: boolean): Names[] {
  return types.flatMap((type) => {
    if (type === "log") return placed ? placedLogs(call, owner) : allLogs(call, owner);
    if (type === "training_stats_scalar") return curves(call, owner, placed);
    const sql = `SELECT DISTINCT metric, variant FROM other_events WHERE task = ? AND type = ? ${placed ? `AND ${PLACED}` : ""}`;
    return call.db.all<Names>(sql, owner, type);
  });
}

function curves(call: Call, owner: number, placed: boolean): Names[] {
  const some = placed ? `AND EXISTS (SELECT 1 FROM points WHERE points.series = series.seq AND ${PLACED})` : "";
  return call.db.all<Names>(`SELECT metric, variant FROM series WHERE task = ? ${some}`, owner);
}

function placedLogs(call: Call, owner: number): Names[] {
  const sql =
    "SELECT DISTINCT coalesce(metric, '') AS metric, coalesce(variant, '') AS variant FROM log_events WHERE task = ? AND iter IS NOT NULL";
  return call.db.all<Names>(sql, owner);
}

/** Nearly all lines have no names: one of them is enough. */
function allLogs(call: Call, owner: number): Names[] {
  const plain = "SELECT '' AS metric, '' AS variant FROM log_events WHERE task = ? AND metric IS NULL AND variant IS NULL LIMIT 1";
  return [...namesOfLogs(call, owner), ...call.db.all<Names>(plain, owner)];
}
