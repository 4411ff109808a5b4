import { markdownTable } from "../support/markdown-table.ts";
import type { Outcome } from "./comparison.ts";
import { MEASURE } from "./comparison.ts";
import { REASONS, reasonFor } from "./reasons.ts";
import { WORKERS, type WorkerName } from "./workers.ts";

export interface Head {
  readonly date: string;
  readonly commit: string;
}

/** A row for each program, a column for each worker. In Markdown, which also reads well on a screen. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const workers = WORKERS.filter((worker) => outcomes.some((outcome) => outcome.worker === worker));
  const programs = [...new Set(outcomes.map(({ example }) => example))];
  const cell = (example: string, worker: WorkerName): string => {
    const found = outcomes.find((outcome) => outcome.example === example && outcome.worker === worker);
    return found === undefined ? "" : cellOf(found);
  };
  const rows = programs.map((program) => [program, ...workers.map((worker) => cell(program, worker))]);
  return markdownTable([["program", ...workers], ...rows]);
}

function cellOf({ worker, status, faults, explained }: Outcome): string {
  if (faults.length > 0) return `${status}, FAULTS: ${faults.length}`;
  return worker === MEASURE
    ? `${status}, console once`
    : `${status}, console once, ${new Set(explained.map(({ field }) => groupOf(field))).size} fields differ`;
}

/** The page that is committed after a full run. */
export function pageOf(outcomes: readonly Outcome[], { date, commit }: Head): string {
  return `# The same tasks by Windlass and by clearml-agent

\`npm run compare -- --write docs/compare.md\`, ${date}, commit ${commit}: the programs of \`test/sdk/examples/\` (official SDK 2.1.12), each as a task of its own that
was cloned, edited and enqueued, run by Windlass and by clearml-agent 3.0.3, as processes and in containers, on the embedded server. Looked at are the final status, whether each
line of the program stands in the console exactly once, whether edited parameters and configurations reached the program, whether scalars, plots, images, artifacts and models
arrived, and the final documents of task and models, field by field, against the first column. Left out are ids, times, and figures and names of machine and temporary folders.

${tableOf(outcomes)}

What differs, and why:

${differencesIn(outcomes)}
${faultsIn(outcomes)}`;
}

function differencesIn(outcomes: readonly Outcome[]): string {
  const seen = outcomes.flatMap(({ worker, explained }) =>
    explained.map((difference) => ({ worker, field: groupOf(difference.field), why: reasonFor(worker, difference) })),
  );
  const rows = REASONS.flatMap(({ why }) => {
    const ours = seen.filter((one) => one.why === why);
    const fields = [...new Set(ours.map(({ field }) => `\`${field}\``))];
    const workers = WORKERS.filter((worker) => ours.some((one) => one.worker === worker));
    return ours.length === 0 ? [] : [[fields.join(", "), workers.join("; "), why]];
  });
  return markdownTable([["field", "with", "why"], ...rows]);
}

/** The entries of a list or an item are one thing. */
const groupOf = (field: string): string => field.replace(/\.(\d+|name|type|value|description)$/, "").replace(/(requirements)\.\w+$/, "$1");

function faultsIn(outcomes: readonly Outcome[]): string {
  const bad = outcomes.filter(({ faults }) => faults.length > 0);
  if (bad.length === 0) return "";
  const lines = bad.flatMap(({ example, worker, faults }) => faults.map((fault) => `- ${example}, ${worker}: ${fault}`));
  return `\nFaults:\n\n${lines.join("\n")}\n`;
}
