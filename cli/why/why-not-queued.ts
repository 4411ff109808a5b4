import type { LocalView } from "../../agent/control/local-view.ts";
import { formatDuration } from "../../base/units.ts";
import { phaseText } from "../agent-report.ts";
import { ago } from "../style.ts";
import { type Verdict, verdict } from "./finding.ts";
import type { ServerView } from "./server-view.ts";

/** A claim takes a task off its queue before it is started; one whose answer was lost is settled within this time. */
const CLAIM_MS = 90_000;

/** `queued`, and in no queue: an agent is taking it right now, or whoever took it has died. */
export function whyLost(view: ServerView, now: number): Verdict {
  const forMs = now - Date.parse(view.task.status_changed ?? view.task.last_update ?? "");
  const queue = view.lastQueue === undefined ? "the queue that it was in is gone" : `it was in "${view.lastQueue.name}"`;
  if (forMs < CLAIM_MS)
    return verdict(
      `It is queued and in no queue (${queue}): an agent is just taking it, or has died while doing so.`,
      "Ask again in a minute or two.",
    );
  return verdict(
    `It is queued and in no queue (${queue}): whoever took it lost it, and nobody will run it.`,
    "windlass janitor finds such tasks and puts them back; or put it there yourself: windlass enqueue TASK.",
  );
}

/** Its run is here, or was and is to be reported still; undefined: neither. */
export function whatIsHere({ run, report }: LocalView, now: number): Verdict | undefined {
  if (report !== undefined)
    return verdict(
      `It has ended here (${report.cause}) ${formatDuration(now - report.since)} ago, and the server does not know that yet.`,
      "It is delivered as soon as the server takes it; windlass status shows the last contact.",
    );
  if (run === undefined) return undefined;
  return verdict(`It runs here, on ${run.worker}: phase ${phaseText(run)} for ${formatDuration(now - run.since)}.`);
}

/** `in_progress`, and not here. */
export function runsElsewhere(view: ServerView, local: LocalView | undefined): Verdict {
  const { last_worker: name, last_update: update, status_message: message } = view.task;
  const worker = view.workers.find((candidate) => candidate.id === name);
  const stopping = (message ?? "").includes("stopping") ? "; it is being stopped" : "";
  if (worker?.task?.id === view.task.id)
    return verdict(`It runs on ${worker.id}, which was last seen ${ago(worker.last_activity_time)}${stopping}.`);
  if (name === undefined)
    return verdict(`It is in progress, and no worker has reported it: a program outside of any agent runs it${stopping}.`);
  const wasHere = local?.agent.slots.some((slot) => slot.worker === name) === true ? " (the agent here, which does not run it)" : "";
  return verdict(
    `It is in progress, but its worker ${name}${wasHere} does not say so; the last news of it came ${ago(update)}${stopping}.`,
    "If its agent has died, start that agent again: it settles what it left. Else stop the task (windlass abort).",
  );
}

/** Never enqueued, or ended. */
export function whyOver(view: ServerView): Verdict {
  const { status, status_reason: reason, completed, status_changed: changed } = view.task;
  if (status === "created")
    return verdict(
      "It was never enqueued, or was reset or taken out of its queue since.",
      "Enqueue it: windlass enqueue TASK, the web application, or Task.enqueue of the SDK.",
    );
  const cause = reason === undefined || reason === "" ? "" : `: ${reason}`;
  return verdict(
    `It has ended, ${status} ${ago(completed ?? changed)}${cause}.`,
    "windlass logs TASK shows its console; windlass enqueue --reset TASK runs it again.",
  );
}
