import { requiredText, requiredTextList } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { NO_ITERATION, SINGLE_VALUE_ITERATION } from "./event-fields.ts";
import { type Owner, requireOwner, requireOwners } from "./event-owners.ts";
import { MAX_EVENTS, metricTest, type PointRow, type SeriesRow } from "./event-rows.ts";

/** `events.get_task_single_value_metrics`: values without a curve, of the tasks that have some. */
export function getSingleValues(call: Call, body: Body): object {
  const wanted = metricTest(body["metrics"]);
  let left = MAX_EVENTS;
  const tasks: object[] = [];
  for (const owner of requireOwners(call, [...new Set(requiredTextList(body, "tasks"))], body)) {
    const rows = singlesOf(call, owner).filter((row) => wanted(String(row["metric"]), String(row["variant"])));
    const values = rows.slice(0, left);
    left -= values.length;
    if (values.length > 0) tasks.push({ task: owner.id, task_name: owner.name, values });
  }
  return { tasks };
}

function singlesOf(call: Call, { seq }: Owner): Document[] {
  return call.db.all<Document>(
    `SELECT metric, variant, value, points.timestamp FROM series JOIN points ON points.series = series.seq AND iter = ?
     WHERE task = ? ORDER BY metric, variant`,
    SINGLE_VALUE_ITERATION,
    seq,
  );
}

/** `events.get_task_latest_scalar_values`, in the odd form of the official server: values above 0 only, name null, status created. */
export function getLatestScalars(call: Call, body: Body): object {
  const owner = requireOwner(call, requiredText(body, "task"), body);
  const last = latestOf(call, owner);
  const metrics = [...Map.groupBy(last, (row) => row.metric)].map(([metric, group]) => ({
    name: metric,
    variants: group.map(({ variant, value }) => ({ name: variant, last_value: value, last_10_value: value })),
  }));
  return {
    metrics,
    last_iter: lastIteration(call, owner),
    name: null,
    status: "created",
    last_timestamp: last.reduce((greatest, row) => Math.max(greatest, row.written), 0),
  };
}

type Latest = PointRow & SeriesRow & { readonly value: number };

/** Per curve the newest value above 0, as a 32-bit number. */
function latestOf(call: Call, { seq }: Owner): Latest[] {
  const series = call.db.all<SeriesRow>("SELECT seq, metric, variant FROM series WHERE task = ? ORDER BY metric, variant", seq);
  const unplaced = `SELECT value, written FROM points WHERE series = ? AND value > 0 AND iter = ${NO_ITERATION}`;
  const placed = `SELECT value, written FROM points WHERE series = ? AND value > 0 AND iter < ${NO_ITERATION} ORDER BY iter DESC LIMIT 1`;
  return series.flatMap((one) => {
    const row = call.db.get<PointRow>(placed, one.seq) ?? call.db.get<PointRow>(unplaced, one.seq);
    return row === undefined ? [] : [{ ...row, ...one, value: Math.fround(row.value as number) } as Latest];
  });
}

/** The greatest iteration of any event; 0 when there is none. */
function lastIteration(call: Call, { seq }: Owner): number {
  const row = call.db.get<{ most: number | null }>(
    `SELECT max(most) AS most FROM (
       SELECT max(iter) AS most FROM log_events WHERE task = @seq AND iter IS NOT NULL
       UNION ALL SELECT (SELECT max(iter) FROM points WHERE points.series = series.seq AND iter < ${NO_ITERATION}) FROM series WHERE task = @seq
       UNION ALL SELECT max(iter) FROM other_events WHERE task = @seq AND type = 'plot' AND iter < ${NO_ITERATION}
       UNION ALL SELECT max(iter) FROM other_events WHERE task = @seq AND type = 'training_debug_image' AND iter < ${NO_ITERATION}
       UNION ALL SELECT max(iter) FROM other_events WHERE task = @seq AND type = 'training_stats_vector' AND iter < ${NO_ITERATION})`,
    { seq },
  );
  return row?.most ?? 0;
}
