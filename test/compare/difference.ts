import type { Evidence } from "./evidence.ts";

/** A field of two final documents that is not the same, as texts; "-" where it is missing. */
export interface Difference {
  readonly field: string;
  readonly one: string;
  readonly other: string;
}

/** Ids, times and figures of the machine: never the same for two runs, whoever runs them. `metric_stats` holds the last batch only. */
const LEFT_OUT: readonly RegExp[] = [
  /\.(id|created|started|completed|updated|last_update|last_change|status_changed|last_worker_report|timestamp|hash)$/,
  /^task\.(active_duration|last_worker|metric_stats\..*|runtime\.(hostname|python_exec))$/,
];

/** Of machine and agent. */
const MONITOR = ":monitor:";

/** Field by field. */
export function differencesOf(one: Evidence, other: Evidence): Difference[] {
  const [left, right] = [fieldsOf(one), fieldsOf(other)];
  const fields = [...new Set([...left.keys(), ...right.keys()])].filter((field) => !LEFT_OUT.some((pattern) => pattern.test(field)));
  return fields
    .toSorted()
    .map((field) => ({ field, one: left.get(field) ?? "-", other: right.get(field) ?? "-" }))
    .filter((found) => found.one !== found.other);
}

function fieldsOf({ task, models, arrived }: Evidence): Map<string, string> {
  const fields = new Map<string, string>();
  collect({ task: { ...task, last_metrics: withoutMonitor(task.last_metrics) }, models, arrived }, "", fields);
  return fields;
}

type LastMetrics = Readonly<Record<string, Readonly<Record<string, { readonly metric: string }>>>>;

const withoutMonitor = (byMetric: LastMetrics): object =>
  Object.fromEntries(Object.entries(byMetric).filter(([, variants]) => !Object.values(variants)[0]?.metric.startsWith(MONITOR)));

function collect(value: unknown, path: string, into: Map<string, string>): void {
  if (typeof value !== "object" || value === null) {
    into.set(steady(path), steady(JSON.stringify(value)));
    return;
  }
  for (const [key, below] of Object.entries(value)) collect(below, path === "" ? key : `${path}.${nameIn(value, key, below)}`, into);
}

/** Entries of a list go by their name, since their order does not matter. */
function nameIn(holder: object, key: string, entry: unknown): string {
  if (!Array.isArray(holder) || typeof entry !== "object" || entry === null) return key;
  const { key: named, name } = entry as { key?: string; name?: string };
  return named ?? name ?? key;
}

/** What is in a text and yet an id, a time, an address of the server, a temporary name or the interpreter's own name. */
const PASSING: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{32}/g, "ID"],
  [/https?:\/\/[\d.]+:\d+/g, "SERVER"],
  [/model_package\.\w+\.zip/g, "model_package.zip"],
  [/(job_(?:started|ended)\W+)[\d.]+/g, "$1TIME"],
  [/# Python \d[^\\]*/g, "# Python"],
];

const steady = (text: string): string => PASSING.reduce((left, [pattern, instead]) => left.replaceAll(pattern, instead), text);

/** The field with both values from shortly before where they part. */
export function shown({ field, one, other }: Difference): string {
  const apart = [...one].findIndex((letter, at) => other[at] !== letter);
  const excerpt = (text: string): string => text.slice(Math.max(0, apart - 40), apart + 80);
  return `${field}: ${excerpt(one)} here, ${excerpt(other)} there`;
}
