import type { LocalView } from "../../agent/control/local-view.ts";
import type { AgentSnapshot, RunSnapshot } from "../../agent/control.ts";
import { formatDuration } from "../../base/units.ts";
import { type Verdict, verdict } from "./finding.ts";
import { type Place, type ServerView, workersOn } from "./server-view.ts";

/** An idle agent takes a task within a second or two; after this long something is wrong. */
const SOON_MS = 15_000;
/** A worker reports itself every half minute: one that is silent for so long has most likely gone. */
const SILENT_MS = 180_000;

/** Why a task that stands in a queue is not taken. */
export function whyWaiting(place: Place, view: ServerView, local: LocalView | undefined, now: number): Verdict {
  const agent = local?.agent;
  const serves = agent?.queues.some((queue) => queue.id === place.queue.id) ?? false;
  const others = workersOn(place.queue.id, view).filter((worker) => !agent?.slots.some((slot) => slot.worker === worker.id));
  if (local !== undefined && serves) return whyNotHere(place, view, local, others.length, now);
  return others.length === 0 ? nobody(place, agent) : whyNotThere(place, others, now);
}

function nobody({ queue }: Place, agent: AgentSnapshot | undefined): Verdict {
  const here = agent === undefined ? "" : `; the agent here serves ${wantedQueues(agent)}`;
  return verdict(
    `No agent serves the queue "${queue.name}"${here}.`,
    `Start one (windlass daemon --queue ${queue.name}), or put the task into a queue that is served (windlass workers shows them).`,
  );
}

const wantedQueues = (agent: AgentSnapshot): string => agent.queues.map(({ wanted }) => wanted).join(", ") || "no queue";

/** The agent here serves the queue: the first thing that stands in the way. */
function whyNotHere(place: Place, view: ServerView, local: LocalView, others: number, now: number): Verdict {
  const { agent } = local;
  const also =
    others === 0 ? "" : ` (${others === 1 ? "another worker serves" : `${others} other workers serve`} the queue, too: windlass workers)`;
  const held = heldBack(agent, local.heldBack);
  if (held !== undefined) return verdict(`${held.conclusion.slice(0, -1)}${also}.`, held.advice);
  const running = agent.slots.flatMap(({ run }) => (run === undefined ? [] : [run]));
  if (running.length === agent.slots.length) return allBusy(place, view, agent, running, also, now);
  const before = tasksBefore(place, view, agent);
  if (before !== "") return verdict(`A slot is free, and ${before}; it is taken after them.`);
  return soonOrStuck(place, now);
}

/** What keeps the agent here from taking anything, or this task. */
function heldBack(agent: AgentSnapshot, thisTask: string | undefined): Verdict | undefined {
  if (agent.state === "starting")
    return verdict("The agent here is starting and has not registered yet.", "windlass status shows whether the server answers it.");
  if (agent.state === "paused") return verdict("The agent here is paused.", "windlass resume lets it take tasks again.");
  if (agent.state === "draining")
    return verdict("The agent here is draining: it takes no new tasks and ends with its runs.", "Start it again when it has ended.");
  if (agent.notClaiming !== undefined)
    return verdict(`The agent here takes no tasks: ${agent.notClaiming}.`, "It goes on by itself when that has changed.");
  if (thisTask === undefined) return undefined;
  return verdict(`The agent here leaves this task alone for now: ${thisTask}.`, "windlass logs TASK shows what failed.");
}

function allBusy(
  place: Place,
  view: ServerView,
  agent: AgentSnapshot,
  running: readonly RunSnapshot[],
  also: string,
  now: number,
): Verdict {
  const longest = running.toSorted((a, b) => a.since - b.since)[0];
  const with_ =
    longest === undefined
      ? ""
      : `, the longest with ${longest.task} "${longest.name}" (${longest.phase}, ${formatDuration(now - longest.since)})`;
  const slots =
    agent.slots.length === 1 ? "The only slot of the agent here is busy" : `All ${agent.slots.length} slots of the agent here are busy`;
  const before = tasksBefore(place, view, agent);
  return verdict(
    `${slots}${with_}${before === "" ? "" : `, and ${before}`}${also}.`,
    "Wait, stop one of them (windlass abort TASK), or run an agent with more slots (--slots).",
  );
}

/** Tasks that come first: those of queues that the agent prefers, and those before it in its own. */
function tasksBefore(place: Place, view: ServerView, agent: AgentSnapshot): string {
  const own = agent.queues.findIndex((queue) => queue.id === place.queue.id);
  const before = agent.orderFairness === true ? [] : agent.queues.slice(0, own);
  const preferred = before.flatMap(({ wanted, id }) => {
    const count = id === undefined ? 0 : (view.waiting[id] ?? 0);
    return count === 0 ? [] : [`${count} of the queue "${wanted}"`];
  });
  const inOwn = place.position > 1 ? [`${place.position - 1} of its own queue`] : [];
  const parts = [...preferred, ...inOwn];
  return parts.length === 0 ? "" : `${parts.join(" and ")} come${parts.length === 1 && parts[0]?.startsWith("1 ") ? "s" : ""} first`;
}

function soonOrStuck(place: Place, now: number): Verdict {
  const waitedMs = now - Date.parse(place.added);
  if (!(waitedMs > SOON_MS)) return verdict("A slot of the agent here is free: it is taken within seconds.");
  return verdict(
    "A slot of the agent here is free, and nothing stands in the way; it should have been taken.",
    "The agent's log says what goes wrong (journalctl -u windlass).",
  );
}

/** Only agents elsewhere serve the queue. */
function whyNotThere(place: Place, workers: ServerView["workers"], now: number): Verdict {
  const alive = workers.filter((worker) => now - Date.parse(worker.last_activity_time ?? "") < SILENT_MS);
  if (alive.length === 0)
    return verdict(
      `The workers of the queue "${place.queue.name}" have been silent for more than ${formatDuration(SILENT_MS)}: ${names(workers)}.`,
      "Look whether their agents still run (windlass status, on their machines).",
    );
  const idle = alive.filter((worker) => worker.task === undefined);
  if (idle.length === 0)
    return verdict(
      `All workers of the queue "${place.queue.name}" are busy: ${names(alive)}.`,
      "Wait, or start another agent on that queue.",
    );
  const before = place.position > 1 ? `${place.position - 1} tasks come first, then ` : "";
  return verdict(
    `${names(idle)} ${idle.length === 1 ? "is" : "are"} idle: ${before}it should be taken within seconds.`,
    "If it is not: that agent may be paused, draining or out of disk (windlass why, on its machine).",
  );
}

const names = (workers: ServerView["workers"]): string =>
  workers.map(({ id, task }) => (task === undefined ? id : `${id} runs ${task.id}`)).join(", ");
