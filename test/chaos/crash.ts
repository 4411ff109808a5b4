import { CRASH_POINTS } from "../../base/crash-point.ts";
import { eventually } from "../support/product.ts";
import { SeededRandom } from "../support/random.ts";
import { abortAsMeant } from "./aborter.ts";
import type { AgentUnderTest } from "./agent-under-test.ts";
import { leftoversOf } from "./leftovers.ts";
import { type Counter, type EngineName, type Result, resultOf } from "./result.ts";
import { enqueueMixture, type Work } from "./work.ts";
import { faultsOfAll, statusFaults } from "./work-check.ts";
import { patiently, World } from "./world.ts";

export interface CrashOptions {
  readonly engine: EngineName;
  readonly runs: number;
  readonly slots: number;
  readonly seed: number;
  readonly withinMs: number;
}

const FINAL = new Set(["completed", "failed", "stopped"]);

/**
 * Programs run while their agent is killed again and again: at random moments, and at every named crash point in turn.
 * Each must end once and rightly, with each line once, and nothing may be left.
 */
export function crash(options: CrashOptions): Promise<Result> {
  const { engine, seed } = options;
  return resultOf({ name: "crash", engine, seed }, async (counter) => {
    const random = new SeededRandom(seed);
    await using world = await World.start();
    const proxy = await world.proxy();
    const agent = await world.agent({ name: "crashing", engine, slots: options.slots, proxy });
    const all = await enqueueMixture(world, engine, options.runs, random.fork());
    counter.add("runs", all.length);
    await underAborts(world, all, random.fork(), () => killUntilDone(world, agent, all, random, options.withinMs, counter));
    return [...(await settle(agent, counter)), ...(await faultsOfAll(world, all)), ...statusFaults(all, proxy.passed)];
  });
}

/** Does the work while what is meant to be aborted is aborted. */
export async function underAborts(world: World, all: readonly Work[], random: SeededRandom, work: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const aborting = abortAsMeant(world, all, random, over.signal);
  try {
    await work();
  } finally {
    over.abort();
    await aborting;
  }
}

/** Kills and starts the agent until every task has ended. */
async function killUntilDone(
  world: World,
  agent: AgentUnderTest,
  all: readonly Work[],
  random: SeededRandom,
  withinMs: number,
  counter: Counter,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  const passed = new Set<string>();
  for (let points: string[] = []; !(await areAllOver(world, all)); ) {
    if (Date.now() > deadline)
      throw new Error(`not all over within ${withinMs} ms\n${await standOf(world, all)}\nlog: ${await agent.keepLog()}`);
    if (points.length === 0) points = random.shuffled(CRASH_POINTS);
    const point = random.chance(0.4) ? undefined : points.pop();
    const isPassed = await oneLife(agent, point === undefined ? undefined : `${point}:${random.pick([1, 1, 1, 2])}`, random, counter);
    if (isPassed && point !== undefined) passed.add(point);
    counter.counts["different points"] = passed.size;
  }
}

/** One life of the agent, up to its crash; a point that it does not pass in time is given up for a kill. Whether it died by itself. */
async function oneLife(agent: AgentUnderTest, point: string | undefined, random: SeededRandom, counter: Counter): Promise<boolean> {
  await agent.start(point === undefined ? {} : { WINDLASS_CRASH_AT: point });
  const code = await agent.endsWithin(point === undefined ? lifeMs(random) : 4000);
  if (code === undefined) await agent.kill();
  else if (code !== 128) throw new Error(`the agent ended by itself with ${code}\n${agent.freshLog.slice(-4000)}`);
  counter.add(code === undefined ? "kills" : "crashes at named points");
  return code !== undefined;
}

/**
 * Most lives are short; some are long enough for what takes its time after a crash. There must be enough of them: a run
 * whose agent has died ten times in its preparation is taken for the reason.
 */
function lifeMs(random: SeededRandom): number {
  return random.chance(0.3) ? random.between(4_000, 10_000) : random.between(100, 3_000);
}

export async function areAllOver(world: World, all: readonly Work[]): Promise<boolean> {
  const statuses = await patiently(() => world.statuses(all.map((work) => work.id)));
  return all.every((work) => FINAL.has(statuses.get(work.id) ?? ""));
}

export async function standOf(world: World, all: readonly Work[]): Promise<string> {
  const statuses = await patiently(() => world.statuses(all.map((work) => work.id)));
  const open = all.filter((work) => !FINAL.has(statuses.get(work.id) ?? ""));
  return open.map((work) => `${work.name} (${work.ending}) ${work.id} is ${statuses.get(work.id)}`).join("\n");
}

/** A last start without faults: within a while nothing is left, and the agent ends by itself when it is told to. */
export async function settle(agent: AgentUnderTest, counter: Counter): Promise<string[]> {
  if (!agent.alive) await agent.startReady();
  const clean = async (): Promise<boolean> => (await leftoversOf(agent)).length === 0;
  await eventually("nothing is left", clean, 20_000).catch(() => undefined);
  const code = await agent.stop();
  const left = await leftoversOf(agent);
  counter.add("leftovers", left.length);
  const faults = [...left, ...(code === 0 ? [] : [`the drained agent ended with ${code} instead of 0`])];
  return faults.length === 0 ? [] : [...faults, `its log: ${await agent.keepLog()}`];
}
