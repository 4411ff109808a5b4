import type { AgentSnapshot, RunSnapshot } from "../agent/control.ts";
import { formatDuration } from "../base/units.ts";
import { styleOut, table } from "./style.ts";

/** An agent's snapshot in words and tables, for a person. */
export function statusText(snapshot: AgentSnapshot, now: number): string {
  const rows: readonly (readonly [string, string])[] = [
    ["agent", `${snapshot.name}, process ${snapshot.pid}, for ${formatDuration(now - snapshot.startedAt)}`],
    ["state", stateText(snapshot)],
    ["server", serverText(snapshot, now)],
    ["queues", snapshot.queues.map(({ wanted, id }) => (id === undefined ? `${wanted} (not there)` : wanted)).join(", ") || "-"],
    ["slots", `${busy(snapshot).length} of ${snapshot.slots.length} busy`],
    ["so far", countersText(snapshot)],
  ];
  const lines = rows.map(([name, value]) => `${styleOut("bold", name.padEnd(8))} ${value}\n`);
  return `${lines.join("")}\n${jobsText(snapshot, now)}`;
}

/** Slots with what they run, then what waits to be reported, then what waits for another server. */
export function jobsText(snapshot: AgentSnapshot, now: number): string {
  const running = busy(snapshot).map(({ worker, run }) => [
    run.task,
    phaseText(run),
    formatDuration(now - run.since),
    run.queue ?? "-",
    worker,
    `${run.name}${run.adopted ? " (taken over)" : ""}`,
  ]);
  const waiting = snapshot.outbox.map(({ task, cause, since }) => [task, "to report", formatDuration(now - since), "-", "-", cause]);
  const elsewhere = (snapshot.leftAlone ?? []).map(({ task, server }) => [task, "left alone", "-", "-", "-", `a run of ${server}`]);
  const rows = [...running, ...waiting, ...elsewhere];
  if (rows.length === 0) return "nothing runs, nothing waits to be reported\n";
  return table(["TASK", "PHASE", "FOR", "QUEUE", "WORKER", "NAME"], rows);
}

/** What a run is at, and that it is being stopped. */
export function phaseText({ phase, stopping }: RunSnapshot): string {
  const why = {
    user: "by a user",
    timeout: "its time is over",
    "agent-stopping": "the agent ends",
    "hand-back": "to be queued again",
    "task-gone": "its task is gone",
  } as const;
  return stopping === undefined ? phase : `${phase}, stopping (${why[stopping]})`;
}

/** State, and why nothing is taken if so. */
export function stateText({ state, notClaiming }: AgentSnapshot): string {
  const colour = state === "running" && notClaiming === undefined ? "green" : "yellow";
  const words = {
    starting: "starting (not registered at the server yet)",
    running: "running",
    paused: "paused (windlass resume goes on)",
    draining: "draining (no new tasks; it ends with its runs)",
  }[state];
  return styleOut(colour, notClaiming === undefined || state !== "running" ? words : `running, but takes no tasks: ${notClaiming}`);
}

function serverText({ server }: AgentSnapshot, now: number): string {
  const contact = server.lastContactAt === undefined ? "no answer yet" : `last answer ${formatDuration(now - server.lastContactAt)} ago`;
  return `${server.url}, ${contact}`;
}

function countersText({ counters }: AgentSnapshot): string {
  const outcomes = Object.entries(counters.outcomes).map(([cause, count]) => `${count} ${cause}`);
  const rest = [
    [counters.claims, "claims"],
    [counters.claimsLost, "lost to others"],
    [counters.claimsInDoubt, "in doubt"],
    [counters.handedBack, "handed back"],
    [counters.adopted, "taken over"],
  ] as const;
  return [...outcomes, ...rest.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`)].join(", ") || "nothing yet";
}

function busy(snapshot: AgentSnapshot): { worker: string; run: RunSnapshot }[] {
  return snapshot.slots.flatMap(({ worker, run }) => (run === undefined ? [] : [{ worker, run }]));
}
