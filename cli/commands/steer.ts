import { setTimeout as pause } from "node:timers/promises";
import type { AgentSnapshot } from "../../agent/control.ts";
import { codeOf } from "../../base/errors.ts";
import { agentStatus, askAgent } from "../agent-socket.ts";
import { type AgentPlace, withAgent } from "../state-folder.ts";

const EVERY_MS = 250;
/** The claim loop has to come round before it is known whether anything else stands in its way. */
const LOOK_AGAIN_MS = 300;

/** `drain`, with `--wait` until the agent has ended. */
export async function drainCommand(flags: AgentPlace & { wait?: boolean }): Promise<void> {
  await withAgent(flags, async (folder) => {
    const snapshot = await askAgent<AgentSnapshot>(folder, "POST", "/drain");
    const runs = work(snapshot);
    say(
      `${snapshot.name} takes no new tasks and ends ${runs === 0 ? "now" : `when ${tasks(runs, "has", "have")} ended, or at its drain deadline`}`,
    );
    if (flags.wait === true) await untilGone(folder, snapshot);
  });
}

export async function pauseCommand(flags: AgentPlace): Promise<void> {
  const snapshot = await withAgent(flags, (folder) => askAgent<AgentSnapshot>(folder, "POST", "/pause"));
  const runs = work(snapshot) === 0 ? "nothing runs" : tasks(work(snapshot), "goes on", "go on");
  say(`${snapshot.name} takes no new tasks until windlass resume; ${runs}`);
}

export async function resumeCommand(flags: AgentPlace): Promise<void> {
  await withAgent(flags, async (folder) => {
    await askAgent<AgentSnapshot>(folder, "POST", "/resume");
    await pause(LOOK_AGAIN_MS);
    const { name, notClaiming } = await agentStatus(folder);
    say(notClaiming === undefined ? `${name} takes tasks again` : `${name} still takes no tasks: ${notClaiming}`);
  });
}

/** A service manager may have started the next agent meanwhile: that one is another process. */
async function untilGone(folder: string, drained: AgentSnapshot): Promise<void> {
  for (let left = work(drained); ; await pause(EVERY_MS)) {
    const now = await statusIfThere(folder);
    if (now === undefined || now.pid !== drained.pid || now.startedAt !== drained.startedAt) return say(`${drained.name} has ended`);
    if (work(now) !== left) say(work(now) === 0 ? "nothing is left to wait for" : tasks(work(now), "is left", "are left"));
    left = work(now);
  }
}

async function statusIfThere(folder: string): Promise<AgentSnapshot | undefined> {
  return await agentStatus(folder).catch((error: unknown) => {
    if (codeOf(error) === "no-agent") return undefined;
    throw error;
  });
}

const work = ({ slots, outbox }: AgentSnapshot): number => {
  const running = slots.flatMap(({ run }) => (run === undefined ? [] : [run.task]));
  return new Set([...running, ...outbox.map(({ task }) => task)]).size;
};

const tasks = (count: number, one: string, many: string): string => (count === 1 ? `1 task ${one}` : `${count} tasks ${many}`);

const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);
