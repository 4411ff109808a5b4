import { localView } from "../../agent/control/local-view.ts";
import type { AgentSnapshot } from "../../agent/control.ts";
import type { Finding } from "./finding.ts";
import { whatIsHere } from "./why-not-queued.ts";

/** What the agent here knows about a task (id, beginning of it, or name) while the server does not answer; undefined: nothing. */
export function whyWithoutServer(text: string, agent: AgentSnapshot, why: string, now: number): Finding | undefined {
  const running = agent.slots.flatMap(({ run }) => run ?? []);
  const task =
    running.find(({ name }) => name === text)?.task ?? [...running, ...agent.outbox].find((each) => each.task.startsWith(text))?.task;
  const here = task === undefined ? undefined : whatIsHere(localView(task, agent), now);
  return here === undefined ? undefined : { facts: [`the server cannot be asked: ${why}`], ...here };
}
