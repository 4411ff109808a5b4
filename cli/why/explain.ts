import type { LocalView } from "../../agent/control/local-view.ts";
import type { AgentSnapshot } from "../../agent/control.ts";
import { formatDuration } from "../../base/units.ts";
import { stateText } from "../agent-report.ts";
import { ago } from "../style.ts";
import type { Finding, Verdict } from "./finding.ts";
import { type ServerView, workersOn } from "./server-view.ts";
import { runsElsewhere, whatIsHere, whyLost, whyOver } from "./why-not-queued.ts";
import { whyWaiting } from "./why-waiting.ts";

/** More workers than this are counted, not listed. */
const LISTED = 8;

/** Why a task does not run, or where it does. `local`: the agent here, if one runs and works for the same server. */
export function explain(view: ServerView, local: LocalView | undefined, now: number): Finding {
  const facts = [...taskFacts(view), ...queueFacts(view), ...agentFacts(view, local, now)];
  return { facts, ...decide(view, local, now) };
}

function decide(view: ServerView, local: LocalView | undefined, now: number): Verdict {
  const here = local === undefined ? undefined : whatIsHere(local, now);
  if (here !== undefined) return here;
  if (view.task.status === "in_progress") return runsElsewhere(view, local);
  if (view.place !== undefined) return whyWaiting(view.place, view, local, now);
  return view.task.status === "queued" ? whyLost(view, now) : whyOver(view);
}

function taskFacts({ task, url }: ServerView): string[] {
  const reason = task.status !== "queued" || (task.status_reason ?? "") === "" ? "" : ` (${task.status_reason})`;
  return [`task ${task.id} "${task.name}" on ${url}: ${task.status}, changed ${ago(task.status_changed)}${reason}`];
}

function queueFacts(view: ServerView): string[] {
  const { place } = view;
  if (place === undefined) return [];
  const on = workersOn(place.queue.id, view);
  const rows = on.slice(0, LISTED).map((worker) => {
    const doing =
      worker.task === undefined ? "idle" : `runs ${worker.task.id}${worker.task.name === undefined ? "" : ` "${worker.task.name}"`}`;
    return `  ${worker.id}: ${doing}, seen ${ago(worker.last_activity_time)}`;
  });
  const more = on.length > LISTED ? [`  and ${on.length - LISTED} more`] : [];
  const queue = `queue "${place.queue.name}": position ${place.position} of ${place.length}, put there ${ago(place.added)}; `;
  return [`${queue}${on.length === 0 ? "no worker serves it" : "its workers:"}`, ...rows, ...more];
}

function agentFacts(view: ServerView, local: LocalView | undefined, now: number): string[] {
  if (local === undefined) return ["here: no agent that works for that server"];
  const { agent } = local;
  const busy = agent.slots.flatMap(({ worker, run }) =>
    run === undefined ? [] : [`  ${worker}: ${run.task} "${run.name}", ${run.phase} for ${formatDuration(now - run.since)}`],
  );
  const head = `here: agent ${agent.name}, ${stateText(agent)}; ${busy.length} of ${agent.slots.length} slots busy${servesText(view, agent)}`;
  return [head, ...busy];
}

function servesText({ place }: ServerView, agent: AgentSnapshot): string {
  if (place === undefined) return "";
  const order = agent.queues.map(({ wanted }) => wanted).join(", ");
  const at = agent.queues.findIndex(({ id }) => id === place.queue.id);
  if (at === -1) return `; it serves ${order || "no queue"}, not "${place.queue.name}"`;
  return agent.queues.length === 1
    ? "; it serves that queue"
    : `; it serves ${order}, ${agent.orderFairness === true ? "in turn" : "in this order"}`;
}
