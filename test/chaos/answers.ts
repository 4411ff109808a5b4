import { setTimeout as pause } from "node:timers/promises";
import { CRASH_POINTS, type CrashPoint } from "../../base/crash-point.ts";
import { type FaultPlan, firstOf, loseNext } from "../support/fault-plans.ts";
import type { FaultProxy, Passed } from "../support/fault-proxy.ts";
import { SeededRandom } from "../support/random.ts";
import type { AgentUnderTest } from "./agent-under-test.ts";
import { settle } from "./crash.ts";
import { untilAllOver } from "./network.ts";
import { type Counter, type EngineName, type Result, resultOf } from "./result.ts";
import { enqueueWork, type Work } from "./work.ts";
import { faultsOfAll, statusFaults } from "./work-check.ts";
import { World } from "./world.ts";

export interface AnswersOptions {
  readonly engine: EngineName;
  readonly seed: number;
  readonly points: readonly CrashPoint[];
  readonly endpoints: readonly string[];
}

export const EVERY_POINT: readonly CrashPoint[] = CRASH_POINTS;
/** The calls of a claim and of the run behind it. */
export const EVERY_ENDPOINT: readonly string[] = [
  "queues.remove_task",
  "tasks.started",
  "queues.add_task",
  "queues.move_task_to_front",
  "tasks.get_by_id",
  "auth.login",
  "queues.get_all",
  "tasks.get_all",
  "tasks.edit",
  "events.add_batch",
  "tasks.completed",
  "workers.status_report",
];

/** What is left out varies with the seed. */
export function someOf(seed: number): Pick<AnswersOptions, "points" | "endpoints"> {
  const random = new SeededRandom(seed);
  return { points: random.shuffled(EVERY_POINT).slice(0, 6), endpoints: EVERY_ENDPOINT.slice(0, 3) };
}

interface Case {
  readonly name: string;
  readonly plan: FaultPlan;
  readonly env: Readonly<Record<string, string>>;
  /** Whether what it is about has happened. */
  readonly happened: (agent: AgentUnderTest, passed: readonly Passed[]) => boolean;
}

interface Rivals {
  readonly world: World;
  readonly agent: AgentUnderTest;
  readonly proxy: FaultProxy;
  readonly rival: AgentUnderTest;
  readonly rivalProxy: FaultProxy;
  readonly all: Work[];
}

const TASKS = 3;
const MOST_ROUNDS = 6;
/** More than one, since the rival may have been faster with a task: then there is no doubt to settle. */
const LOST_TAKES = 5;

/** Each answer of a claim is lost in turn, and each crash point is passed in turn, while a second agent races on the queue. */
export function answers(options: AnswersOptions): Promise<Result> {
  const { engine, seed } = options;
  return resultOf({ name: "answers", engine, seed }, async (counter) => {
    await using world = await World.start();
    const [proxy, rivalProxy] = [await world.proxy(), await world.proxy()];
    const agent = await world.agent({ name: "unlucky", engine, proxy });
    const rival = await world.agent({ name: "rival", engine, proxy: rivalProxy });
    await rival.startReady();
    const rivals = { world, agent, proxy, rival, rivalProxy, all: [] };
    const faults: string[] = [];
    for (const one of casesOf(options)) faults.push(...(await oneCase(rivals, one, engine, counter)));
    return [...faults, ...(await settle(agent, counter)), ...(await settle(rival, counter)), ...(await verdict(rivals))];
  });
}

function casesOf({ points, endpoints }: AnswersOptions): Case[] {
  return [
    ...endpoints.map((endpoint) => ({
      name: `a lost answer of ${endpoint}`,
      plan: firstOf(loseNext(endpoint), needsDoubt(endpoint) ? loseNext("queues.remove_task", LOST_TAKES) : () => undefined),
      env: {},
      happened: (_agent: AgentUnderTest, passed: readonly Passed[]) =>
        passed.some((one) => one.fault === "swallow" && one.endpoint === endpoint),
    })),
    ...points.map((point) => ({
      name: `a crash at ${point}`,
      plan: point.startsWith("settle/") ? loseNext("queues.remove_task", LOST_TAKES) : () => undefined,
      env: { WINDLASS_CRASH_AT: point },
      happened: (agent: AgentUnderTest) => !agent.alive,
    })),
  ];
}

/** These calls are only made to settle a doubt. */
const needsDoubt = (endpoint: string): boolean => endpoint === "queues.add_task" || endpoint === "queues.move_task_to_front";

async function oneCase({ world, agent, proxy, all }: Rivals, one: Case, engine: EngineName, counter: Counter): Promise<string[]> {
  const before = all.length;
  const passedBefore = proxy.passed.length;
  await agent.stop();
  proxy.plan = one.plan;
  await agent.start(one.env);
  const happened = (): boolean => one.happened(agent, proxy.passed.slice(passedBefore));
  for (let round = 0; round < MOST_ROUNDS && !happened(); round++) await oneRound(world, all, engine, happened);
  counter.add("cases");
  const faults = happened() ? [] : [`${one.name}: it never came to that`];
  if (!agent.alive) await agent.startReady();
  const own = all.slice(before);
  await untilAllOver(world, own, 60_000, () => agent.keepLog()).catch((error: unknown) => faults.push(`${one.name}: ${String(error)}`));
  counter.add("runs", own.length);
  return faults;
}

async function oneRound(world: World, all: Work[], engine: EngineName, happened: () => boolean): Promise<void> {
  for (let n = 0; n < TASKS; n++)
    all.push(
      await enqueueWork(world, { engine, name: `work-${all.length}`, ending: "completed", lines: 20, pauseMs: 5, fromRepository: true }),
    );
  for (const deadline = Date.now() + 8_000; Date.now() < deadline && !happened(); ) await pause(50);
}

async function verdict({ world, all, proxy, rivalProxy }: Rivals): Promise<string[]> {
  return [...(await faultsOfAll(world, all)), ...statusFaults(all, [...proxy.passed, ...rivalProxy.passed])];
}
