import { ApiFault } from "../api-fault.ts";
import { flagOf, requiredText, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read } from "../endpoint.ts";
import { dateMs } from "../store/dates.ts";
import { withDescendants } from "./project-tree.ts";
import { DAY_MS, type Key, type Run, type Span, type Sums, sumsBy, USAGES, type Usage, weightsIn } from "./usage-sums.ts";

/**
 * `organization.get_project_usages` (clearml-services.md 4): how many seconds tasks ran on each day of a span, by project, user
 * or queue. A second counts as many seconds of a CPU and of a GPU as the queue's resources say, else one, and the reply says so.
 */
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
  const weightOf = weightsIn(call, runs);
  const shown = KEYS.filter((key) => asked.includes(key));
  return Object.fromEntries(
    shown.map((key) => {
      const sums = sumsBy(runs, span, call.nowMs, weightOf, (run) => keyOf(run, key));
      return [`${key}s`, usages(sums, namesOf(call, key, [...sums.keys()]), span, fields)];
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

function namesOf(call: Call, key: (typeof KEYS)[number], ids: readonly Key[]): ReadonlyMap<Key, string> {
  const name = key === "queue" ? "coalesce(nullif(display_name, ''), name)" : "name";
  const sql = `SELECT id, ${name} AS name FROM ${key}s WHERE id IN (SELECT value FROM json_each(?))`;
  return new Map(call.db.all<{ id: string; name: string }>(sql, JSON.stringify(ids)).map((row) => [row.id, row.name]));
}

function usages(sums: ReadonlyMap<Key, Sums>, names: ReadonlyMap<Key, string>, { daysMs }: Span, fields: readonly string[]): object {
  const groups = [...sums].map(([id, used]) => ({ name: names.get(id) ?? null, id, used }));
  const ordered = groups.toSorted((a, b) => ((a.name ?? "") < (b.name ?? "") ? -1 : 1));
  const dates = daysMs.map((ms) => ms / 1000);
  const total = (days: readonly number[]): number => days.reduce((sum, day) => sum + day, 0);
  return {
    total: ordered.map(({ name, id, used }) => ({ name, id, ...figures(fields, used, total) })),
    series: ordered.map(({ name, id, used }) => ({ name, id, dates, ...figures(fields, used, (days) => days) })),
  };
}

/** The asked figures, with a mark on usages of which the weights are not known. */
function figures(fields: readonly string[], { days, unweighed }: Sums, shown: (days: readonly number[]) => unknown): object {
  const usage = (name: Usage): object => ({
    [name]: shown(days[name]),
    ...(unweighed.has(name) ? { [name.replace("usage", "artificial_weights")]: true } : {}),
  });
  const asked = USAGES.filter((name) => fields.includes(name)).map(usage);
  return Object.assign(fields.includes("duration") ? { duration: shown(days.duration) } : {}, ...asked) as object;
}

export const PROJECT_USAGE_ENDPOINTS: readonly Endpoint[] = [read("organization.get_project_usages", getProjectUsages)];
