import type { AgentSnapshot } from "../control.ts";

/** How long the server may be silent before the line says so: longer than a waiting peek. */
const SILENT_MS = 120_000;

/** What `systemctl status` shows of the agent, in one line. */
export function statusLine(snapshot: AgentSnapshot, nowMs: number): string {
  const parts = [stateOf(snapshot), slotsOf(snapshot), queuesOf(snapshot), reportsOf(snapshot), serverOf(snapshot, nowMs)];
  return parts.filter((part) => part !== undefined).join(", ");
}

function stateOf({ state, notClaiming }: AgentSnapshot): string | undefined {
  if (state !== "running") return state;
  return notClaiming === undefined ? undefined : `taking nothing: ${notClaiming}`;
}

function slotsOf({ slots }: AgentSnapshot): string {
  const busy = slots.filter((slot) => slot.run !== undefined).length;
  return `${busy} of ${slots.length} ${slots.length === 1 ? "slot" : "slots"} busy`;
}

function queuesOf({ queues }: AgentSnapshot): string | undefined {
  if (queues.length === 0) return undefined;
  const names = queues.map((queue) => (queue.id === undefined ? `${queue.wanted} (missing)` : queue.wanted));
  return `${names.length === 1 ? "queue" : "queues"} ${names.join(",")}`;
}

function reportsOf({ outbox }: AgentSnapshot): string | undefined {
  if (outbox.length === 0) return undefined;
  return `${outbox.length} ${outbox.length === 1 ? "report" : "reports"} waiting`;
}

function serverOf({ server, state }: AgentSnapshot, nowMs: number): string | undefined {
  if (server.lastContactAt === undefined) return state === "starting" ? `waiting for ${server.url}` : undefined;
  const silentMs = nowMs - server.lastContactAt;
  return silentMs > SILENT_MS ? `no answer from ${server.url} for ${Math.round(silentMs / 60_000)} min` : undefined;
}
