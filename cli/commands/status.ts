import { setTimeout as pause } from "node:timers/promises";
import type { AgentSnapshot } from "../../agent/control.ts";
import { jobsText, statusText } from "../agent-report.ts";
import { agentStatus } from "../agent-socket.ts";
import { type AgentPlace, withAgent } from "../state-folder.ts";

const EVERY_MS = 1_000;
const CLEAR = "\u001b[H\u001b[2J\u001b[3J";

export async function statusCommand(flags: AgentPlace & { json?: boolean; watch?: boolean }): Promise<void> {
  await withAgent(flags, (folder) => (flags.watch === true ? watch(folder, flags.json === true) : once(folder, flags.json === true)));
}

export async function jobsCommand(flags: AgentPlace & { json?: boolean }): Promise<void> {
  const snapshot = await withAgent(flags, agentStatus);
  if (flags.json !== true) return void process.stdout.write(jobsText(snapshot, Date.now()));
  const running = snapshot.slots.flatMap(({ worker, run }) => (run === undefined ? [] : [{ ...run, worker }]));
  process.stdout.write(`${JSON.stringify({ running, reporting: snapshot.outbox, leftAlone: snapshot.leftAlone ?? [] }, null, 2)}\n`);
}

async function once(folder: string, json: boolean): Promise<void> {
  const snapshot = await agentStatus(folder);
  process.stdout.write(json ? `${JSON.stringify(snapshot, null, 2)}\n` : statusText(snapshot, Date.now()));
}

/** Until the agent ends: a screen that is renewed on a terminal, a block (or a JSON line) per change in a pipe. */
async function watch(folder: string, json: boolean): Promise<never> {
  for (let shown = ""; ; await pause(EVERY_MS)) {
    const snapshot = await agentStatus(folder);
    const change = JSON.stringify(lasting(snapshot));
    const isScreen = process.stdout.isTTY === true && !json;
    if (isScreen) process.stdout.write(`${CLEAR}${statusText(snapshot, Date.now())}`);
    else if (change !== shown) process.stdout.write(json ? `${JSON.stringify(snapshot)}\n` : `${statusText(snapshot, Date.now())}\n`);
    shown = change;
  }
}

/** Without what changes all the time. */
const lasting = ({ loops: _, server: _server, ...rest }: AgentSnapshot): object => rest;
