import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { dateMs } from "../store/dates.ts";
import { withDescendants } from "./project-tree.ts";

/**
 * `organization.get_project_usages` (clearml-services.md 4): how many seconds tasks ran on each day of a span, by project, user
 * or queue. A queue here has no resources of its own: one second counts as one of a CPU and of a GPU, and the reply says so.
 */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** The beginnings of its days, in the time zone of its first date. */
  readonly daysMs: readonly number[];
}

interface Run extends Record<string, unknown> {
  readonly project: string | null;
  readonly user: string | null;
  readonly queue: string | null;
  readonly started: string;
  readonly ended: string | null;
}

type Key = string | null;
const DAY_MS = 86_400_000;
const MAX_DAYS = 10_000;
const NOT_COUNTED = ["dataset_import", "annotation", "annotation_manual", "report", "controller"];
const KEYS = ["project", "user", "queue"] as const;

function getProjectUsages(call: Call, body: Body): object {
  const span = spanOf(requiredText(body, "from_date"), requiredText(body, "to_date"));
  const groups = groupsOf(call, textListOf(body, "projects") ?? []);
  const runs = runsIn(call, [...groups.keys()], span, flagOf(body, "include_development"));
  const fields = textListOf(body, "usage_fields") ?? ["duration", "gpu_usage"];
  const asked = textListOf(body, "breakdown_keys") ?? KEYS;
  const keyOf = (run: Run, key: (typeof KEYS)[number]): Key => (key === "project" ? (groups.get(run.project ?? "") ?? null) : run[key]);
  const shown = KEYS.filter((key) => asked.includes(key));
  return Object.fromEntries(
    shown.map((key) => {
      const seconds = secondsBy(call, runs, span, (run) => keyOf(run, key));
      return [`${key}s`, usages(seconds, namesOf(call, key, [...seconds.keys()]), span, fields)];
    }),
  );
}

/** Whose project each project's seconds count for: one project is split by what is right below it, several stand for themselves. */
function groupsOf(call: Call, projects: readonly string[]): Map<string, string> {
  const [only] = projects;
  const known = call.db.all<{ id: string }>(
    "SELECT id FROM projects WHERE id IN (SELECT value FROM json_each(?))",
    JSON.stringify(projects),
  );
  const heads = projects.length > 1 ? known : call.db.all<{ id: string }>("SELECT id FROM projects WHERE parent = ?", only ?? "");
  const groups = new Map(known.map(({ id }) => [id, id]));
  for (const { id } of heads) for (const below of withDescendants(call, [id])) if (!groups.has(below)) groups.set(below, id);
  return groups;
}

function spanOf(from: string, to: string): Span {
  const [fromMs, toMs] = [dateMs(from), dateMs(to)];
  const [fromZone, toZone] = [zoneMs(from), zoneMs(to)];
  if (fromMs === undefined || toMs === undefined) throw new ApiFault(500, 0, "Unknown string format");
  if ((fromZone === undefined) !== (toZone === undefined))
    throw new ApiFault(500, 0, "can't compare offset-naive and offset-aware datetimes");
  if (fromMs > toMs) throw new ApiFault(400, 12, "Validation error (from_date should be earlier than to_date)");
  if (toMs - fromMs > MAX_DAYS * DAY_MS) throw new ApiFault(400, 12, `Validation error (more than ${MAX_DAYS} days)`);
  const shift = fromZone ?? 0;
  const firstMs = Math.floor((fromMs + shift) / DAY_MS) * DAY_MS - shift;
  const count = Math.max(1, Math.ceil((toMs - firstMs) / DAY_MS));
  return { fromMs, toMs, daysMs: Array.from({ length: count }, (_, day) => firstMs + day * DAY_MS) };
}

/** The offset that a date names; undefined: none. */
function zoneMs(date: string): number | undefined {
  if (/z$/i.test(date)) return 0;
  const [, sign, hours, minutes] = /\d{2}:\d{2}.*([+-])(\d\d):?(\d\d)$/.exec(date) ?? [];
  if (sign === undefined) return undefined;
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** What ran in the span; who runs still has no end. */
function runsIn(call: Call, projects: readonly string[], span: Span, withDevelopment: boolean): Run[] {
  const [from, to] = [span.fromMs, span.toMs].map((ms) => new Date(ms).toISOString().slice(0, -1));
  const development = withDevelopment ? "" : `AND (queue IS NOT NULL OR NOT ${tagged("development")})`;
  return call.db.all<Run>(
    `SELECT project, user, json_extract(execution, '$.queue') AS queue, started,
       CASE WHEN status = 'in_progress' THEN NULL ELSE coalesce(completed, last_update) END AS ended
     FROM tasks
     WHERE project IN (SELECT value FROM json_each(?)) AND company IN (?, '') AND started < ? AND (ended IS NULL OR ended > ?)
       AND type NOT IN (SELECT value FROM json_each(?))
       AND NOT EXISTS (SELECT 1 FROM json_each(system_tags) WHERE value IN ('dataset', 'reports', 'hidden')) ${development}`,
    JSON.stringify(projects),
    call.caller.company,
    to ?? "",
    from ?? "",
    JSON.stringify(NOT_COUNTED),
  );
}

const tagged = (tag: string): string => `EXISTS (SELECT 1 FROM json_each(system_tags) WHERE value = '${tag}')`;

/** Seconds on each day, by group. */
function secondsBy(call: Call, runs: readonly Run[], span: Span, keyOf: (run: Run) => Key): Map<Key, number[]> {
  const sums = new Map<Key, number[]>();
  for (const run of runs) {
    const key = keyOf(run);
    const days = sums.get(key) ?? span.daysMs.map(() => 0);
    sums.set(key, days);
    addRun(days, span, Date.parse(run.started), run.ended === null ? call.nowMs : Date.parse(run.ended));
  }
  return sums;
}

function addRun(days: number[], { fromMs, toMs, daysMs }: Span, startedMs: number, endedMs: number): void {
  const [beginMs, endMs] = [Math.max(startedMs, fromMs), Math.min(endedMs, toMs)];
  const firstMs = daysMs[0] ?? 0;
  for (let day = Math.floor((beginMs - firstMs) / DAY_MS); day < days.length && firstMs + day * DAY_MS < endMs; day++) {
    const dayMs = firstMs + day * DAY_MS;
    days[day] = (days[day] ?? 0) + (Math.min(endMs, dayMs + DAY_MS) - Math.max(beginMs, dayMs)) / 1000;
  }
}

function namesOf(call: Call, key: (typeof KEYS)[number], ids: readonly Key[]): ReadonlyMap<Key, string> {
  const name = key === "queue" ? "coalesce(nullif(display_name, ''), name)" : "name";
  const sql = `SELECT id, ${name} AS name FROM ${key}s WHERE id IN (SELECT value FROM json_each(?))`;
  return new Map(call.db.all<{ id: string; name: string }>(sql, JSON.stringify(ids)).map((row) => [row.id, row.name]));
}

function usages(seconds: ReadonlyMap<Key, number[]>, names: ReadonlyMap<Key, string>, { daysMs }: Span, fields: readonly string[]): object {
  const groups = [...seconds].map(([id, days]) => ({ name: names.get(id) ?? null, id, days: days.map((day) => Math.trunc(day)) }));
  const ordered = groups.toSorted((a, b) => ((a.name ?? "") < (b.name ?? "") ? -1 : 1));
  const dates = daysMs.map((ms) => ms / 1000);
  return {
    total: ordered.map(({ name, id, days }) => ({
      name,
      id,
      ...figures(
        fields,
        days.reduce((sum, day) => sum + day, 0),
      ),
    })),
    series: ordered.map(({ name, id, days }) => ({ name, id, dates, ...figures(fields, days) })),
  };
}

/** Duration, and usages with the mark that the weights are not known. */
function figures(fields: readonly string[], value: number | readonly number[]): object {
  const usage = (name: string): object =>
    fields.includes(`${name}_usage`) ? { [`${name}_usage`]: value, [`${name}_artificial_weights`]: true } : {};
  return { ...(fields.includes("duration") ? { duration: value } : {}), ...usage("cpu"), ...usage("gpu") };
}

export const PROJECT_USAGE_ENDPOINTS: readonly Endpoint[] = [read("organization.get_project_usages", getProjectUsages)];
