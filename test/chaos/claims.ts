import { setTimeout as pause } from "node:timers/promises";
import type { TaskId } from "../../api/wire/ids.ts";
import type { FaultProxy, Passed } from "../support/fault-proxy.ts";
import { SeededRandom } from "../support/random.ts";
import type { AgentUnderTest } from "./agent-under-test.ts";
import { settle } from "./crash.ts";
import { type Counter, type Result, resultOf } from "./result.ts";
import { patiently, QUEUE, World } from "./world.ts";

export interface ClaimsOptions {
  readonly claims: number;
  readonly agents: number;
  readonly slots: number;
  readonly seed: number;
  /** Without our own server's waiting peek, as on ClearML's. */
  readonly plainClearml: boolean;
  /** Share of the answers to `queues.remove_task` that are lost. */
  readonly lostAnswers: number;
  readonly withinMs: number;
}

/**
 * Agents that race on one queue of tasks which run nothing: each has a time limit that makes no sense, so that it fails
 * as soon as it is claimed. Every task must go to exactly one agent.
 */
export function claims(options: ClaimsOptions): Promise<Result> {
  const name = options.plainClearml ? "claims, without waiting peek" : "claims";
  return resultOf({ name, engine: "none", seed: options.seed }, async (counter) => {
    await using world = await World.start();
    const { agents, proxies } = await makeAgents(world, options);
    for (const agent of agents) await agent.startReady();
    const start = Date.now();
    const ids = await enqueueAll(world, options.claims);
    await untilFinal(world, ids, options.withinMs, agents);
    const seconds = (Date.now() - start) / 1000;
    counter.add("claims", ids.length);
    counter.add("claims a second", Math.round(ids.length / seconds));
    counter.add(
      "lost answers",
      proxies.reduce((sum, proxy) => sum + (proxy.counts.swallow ?? 0), 0),
    );
    const settled: string[] = [];
    for (const agent of agents) settled.push(...(await settle(agent, counter)));
    const passed = proxies.map((proxy) => proxy.passed);
    countRaces(passed, counter);
    return [...settled, ...claimFaults(ids, passed), ...(await consoleFaultsOf(world, ids))];
  });
}

async function makeAgents(world: World, options: ClaimsOptions): Promise<{ agents: AgentUnderTest[]; proxies: FaultProxy[] }> {
  const random = new SeededRandom(options.seed);
  const [agents, proxies]: [AgentUnderTest[], FaultProxy[]] = [[], []];
  for (let n = 0; n < options.agents; n++) {
    const [proxy, own] = [await world.proxy(), random.fork()];
    proxy.plainClearml = options.plainClearml;
    proxy.plan = ({ endpoint }) => (endpoint === "queues.remove_task" && own.chance(options.lostAnswers) ? { kind: "swallow" } : undefined);
    proxies.push(proxy);
    agents.push(await world.agent({ name: `racer${n}`, engine: "process", slots: options.slots, proxy }));
  }
  return { agents, proxies };
}

async function enqueueAll(world: World, count: number): Promise<TaskId[]> {
  const ids: TaskId[] = [];
  const hyperparams = { Windlass: { time_limit: { section: "Windlass", name: "time_limit", value: "nonsense" } } };
  const lane = async (): Promise<void> => {
    for (; ids.length + 8 <= count; ) ids.push(await one());
  };
  const one = (): Promise<TaskId> =>
    world.product.enqueue(QUEUE, { script: { entry_point: "never.py", diff: "print(1)\n", binary: "python3" }, hyperparams });
  await Promise.all(Array.from({ length: 8 }, lane));
  while (ids.length < count) ids.push(await one());
  return ids;
}

async function untilFinal(world: World, ids: readonly TaskId[], withinMs: number, agents: readonly AgentUnderTest[]): Promise<void> {
  for (const deadline = Date.now() + withinMs; ; ) {
    const statuses = await patiently(() => world.statuses(ids));
    const open = ids.filter((id) => statuses.get(id) !== "failed");
    if (open.length === 0) return;
    if (Date.now() > deadline) {
      const logs = await Promise.all(agents.map((agent) => agent.keepLog()));
      throw new Error(
        `${open.length} of ${ids.length} are not over: ${open
          .slice(0, 5)
          .map((id) => `${id} ${statuses.get(id)}`)
          .join(", ")}; logs: ${logs.join(" ")}`,
      );
    }
    await pause(500);
  }
}

function countRaces(passed: readonly (readonly Passed[])[], counter: Counter): void {
  const takes = passed.flat().filter(({ endpoint }) => endpoint === "queues.remove_task");
  counter.add("lost races", takes.filter(({ status }) => status !== undefined && status !== 200).length);
}

/** Each task has one agent that said `started` for it, and one only. `passed`: what went through each agent's proxy. */
export function claimFaults(ids: readonly TaskId[], passed: readonly (readonly Passed[])[]): string[] {
  const starters = new Map<string, number[]>();
  for (const [agent, requests] of passed.entries())
    for (const { endpoint, task, status } of requests) {
      if (endpoint !== "tasks.started" || status !== 200 || task === undefined) continue;
      starters.set(task, [...(starters.get(task) ?? []), agent]);
    }
  return ids.flatMap((id) => {
    const who = starters.get(id) ?? [];
    return who.length === 1 ? [] : [`task ${id} was started ${who.length} times, by agents [${who.join(", ")}]`];
  });
}

/** Each console tells of one end. */
async function consoleFaultsOf(world: World, ids: readonly TaskId[]): Promise<string[]> {
  const faults: string[] = [];
  for (const id of ids) {
    const ends = (await world.product.consoleOf(id)).split("windlass: failed/task-invalid").length - 1;
    if (ends !== 1) faults.push(`the console of task ${id} tells of ${ends} ends`);
  }
  return faults;
}
