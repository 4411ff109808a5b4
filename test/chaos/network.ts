import { setTimeout as pause } from "node:timers/promises";
import { badNetwork } from "../support/fault-plans.ts";
import { SeededRandom } from "../support/random.ts";
import { areAllOver, settle, standOf, underAborts } from "./crash.ts";
import { type Counter, type EngineName, type Result, resultOf } from "./result.ts";
import { OUTAGES } from "./server-under-test.ts";
import { enqueueMixture, type Work } from "./work.ts";
import { faultsOfAll, statusFaults } from "./work-check.ts";
import { World } from "./world.ts";

export interface NetworkOptions {
  readonly engine: EngineName;
  readonly runs: number;
  readonly slots: number;
  readonly seed: number;
  /** Kinds of outage of the server, one after the other at random moments. */
  readonly outages: number;
  readonly outageMs: number;
  readonly withinMs: number;
}

/**
 * A network that loses a fifth of the answers and does everything else that networks do, and a server that is stopped,
 * killed or hangs: the same result as without.
 */
export function network(options: NetworkOptions): Promise<Result> {
  const { engine, seed } = options;
  return resultOf({ name: "network", engine, seed }, async (counter) => {
    const random = new SeededRandom(seed);
    await using world = await World.start();
    const proxy = await world.proxy();
    const agent = await world.agent({ name: "patient", engine, slots: options.slots, proxy });
    const all = await enqueueMixture(world, engine, options.runs, random.fork());
    counter.add("runs", all.length);
    proxy.plan = badNetwork(random.fork(), { swallow: 0.2, other: 0.02 });
    await agent.start();
    const outages = takeServerAway(world, options, random, counter);
    await underAborts(world, all, random.fork(), () => untilAllOver(world, all, options.withinMs, () => agent.keepLog()));
    await outages;
    proxy.plan = () => undefined;
    for (const [kind, count] of Object.entries(proxy.counts)) counter.add(kind, count);
    const died = agent.alive ? [] : [`the agent ended by itself; its log: ${await agent.keepLog()}`];
    return [...died, ...(await settle(agent, counter)), ...(await faultsOfAll(world, all)), ...statusFaults(all, proxy.passed)];
  });
}

async function takeServerAway(world: World, options: NetworkOptions, random: SeededRandom, counter: Counter): Promise<void> {
  const kinds = random.shuffled(OUTAGES);
  for (let n = 0; n < options.outages; n++) {
    await pause(random.between(1000, 10_000));
    const how = kinds[n % kinds.length] ?? "SIGKILL";
    await world.server.outage(how, options.outageMs);
    counter.add(`${how} outages`);
  }
}

/** Waits for the end of all work; where it stood is in the error. */
export async function untilAllOver(world: World, all: readonly Work[], withinMs: number, log: () => Promise<string>): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await areAllOver(world, all))) {
    if (Date.now() > deadline) throw new Error(`not all over within ${withinMs} ms\n${await standOf(world, all)}\nlog: ${await log()}`);
    await pause(300);
  }
}
