import type { Task } from "../../api/wire/task.ts";
import type { Passed } from "../support/fault-proxy.ts";
import { consoleFaults } from "./console-check.ts";
import { keepEvidence } from "./evidence.ts";
import type { Ending, Work } from "./work.ts";
import { patiently, type World } from "./world.ts";

const RIGHT: Readonly<Record<Ending, { status: string; cause: string; notes: readonly string[] }>> = {
  completed: { status: "completed", cause: "completed", notes: ["start", "end"] },
  "exit-3": { status: "failed", cause: "failed/exit-code", notes: ["start", "end"] },
  aborted: { status: "stopped", cause: "aborted/user", notes: ["start"] },
};

/** Everything that the outside can see of one piece of work. */
export interface Seen {
  readonly task: Pick<Task, "status" | "status_reason">;
  readonly console: string;
  readonly notes: readonly string[];
}

/** Every way in which work did not go as it has to: status and cause, each line once and in order, one run. */
export function workFaults(work: Work, seen: Seen): string[] {
  const right = RIGHT[work.ending];
  const reason = seen.task.status_reason ?? "";
  const faults = consoleFaults(seen.console, work.lines).map((fault) => `console: ${fault}`);
  if (seen.task.status !== right.status) faults.push(`status ${seen.task.status} (${reason}) instead of ${right.status}`);
  else if (!reason.startsWith(right.cause)) faults.push(`cause "${reason}" instead of ${right.cause}`);
  if (seen.notes.join() !== right.notes.join())
    faults.push(`the ledger says [${seen.notes.join(", ")}] instead of [${right.notes.join(", ")}]`);
  return faults.map((fault) => `${work.name} (task ${work.id}): ${fault}`);
}

export async function faultsOfAll(world: World, all: readonly Work[]): Promise<string[]> {
  const notes = await world.notes();
  const faults: string[] = [];
  for (const work of all) {
    const task = await patiently(() => world.product.tasks.get(work.id));
    const console = await patiently(() => world.product.consoleOf(work.id));
    const found = workFaults(work, { task, console, notes: notes.get(work.name) ?? [] });
    if (found.length > 0) found.push(`evidence: ${await keepEvidence(world, work)}`);
    faults.push(...found);
  }
  return faults;
}

const FINAL_CALLS: Readonly<Record<string, string>> = {
  "tasks.completed": "completed",
  "tasks.failed": "failed",
  "tasks.stopped": "stopped",
};

/** Final statuses that the server accepted for a task and that differ; the same one twice is a report made again. */
export function statusFaults(all: readonly Pick<Work, "id" | "name">[], passed: readonly Passed[]): string[] {
  const accepted = new Map<string, Set<string>>();
  for (const { endpoint, task, status } of passed) {
    const said = FINAL_CALLS[endpoint];
    if (said === undefined || status !== 200 || task === undefined) continue;
    accepted.set(task, (accepted.get(task) ?? new Set()).add(said));
  }
  return all.flatMap(({ id, name }) => {
    const statuses = [...(accepted.get(id) ?? [])];
    return statuses.length === 1 ? [] : [`${name} (task ${id}): ${statuses.length} final statuses [${statuses.join(", ")}]`];
  });
}
