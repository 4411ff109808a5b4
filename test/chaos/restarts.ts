import { setTimeout as pause } from "node:timers/promises";
import { SeededRandom } from "../support/random.ts";
import type { AgentUnderTest } from "./agent-under-test.ts";
import { settle } from "./crash.ts";
import { untilAllOver } from "./network.ts";
import { type Counter, type EngineName, type Result, resultOf } from "./result.ts";
import { enqueueWork } from "./work.ts";
import { faultsOfAll } from "./work-check.ts";
import { World } from "./world.ts";

export interface RestartsOptions {
  readonly engine: EngineName;
  readonly restarts: number;
  readonly seed: number;
}

const LEFT = 3;
const PAUSE_MS = 10;
/** Room for one restart, so that the run outlasts them all. */
const LINES_EACH = 350;

/**
 * One run prints all the time while its agent is restarted again and again, by `kill -9` and by three SIGTERMs in turn. It
 * ignores SIGTERM itself, since the second one is passed on to it.
 */
export function restarts(options: RestartsOptions): Promise<Result> {
  const { engine, seed } = options;
  return resultOf({ name: "restarts", engine, seed }, async (counter) => {
    const random = new SeededRandom(seed);
    await using world = await World.start();
    const agent = await world.agent({ name: "restarting", engine });
    await agent.startReady();
    const lines = options.restarts * LINES_EACH + 300;
    const work = await enqueueWork(world, { engine, name: "printer", ending: "completed", lines, pauseMs: PAUSE_MS, stubborn: true });
    while ((await world.notesOf("printer")).length === 0) await pause(50);
    const faults: string[] = [];
    for (let n = 0; n < options.restarts; n++) faults.push(...(await restart(agent, n % 2 === 0, random, counter)));
    if ((await world.notesOf("printer")).includes("end"))
      faults.push("the program ended before the last restart: this machine is too slow");
    counter.add("lines", lines);
    await untilAllOver(world, [work], lines * 20 + 60_000, () => agent.keepLog());
    return [...faults, ...(await settle(agent, counter)), ...(await faultsOfAll(world, [work]))];
  });
}

async function restart(agent: AgentUnderTest, byKill: boolean, random: SeededRandom, counter: Counter): Promise<string[]> {
  counter.add(byKill ? "kill -9" : "left with three SIGTERMs");
  const code = byKill ? await agent.kill().then(() => undefined) : await leave(agent);
  await pause(random.between(0, 500));
  await agent.startReady();
  await pause(random.between(0, 1500));
  return byKill || code === LEFT ? [] : [`three SIGTERMs ended the agent with ${code} instead of ${LEFT}`];
}

/** Three SIGTERMs: the runs are left to the next agent. */
export async function leave(agent: AgentUnderTest): Promise<number | undefined> {
  for (let n = 0; n < 3; n++) {
    agent.signal("SIGTERM");
    await pause(50);
  }
  const code = await agent.endsWithin(15_000);
  if (code === undefined) await agent.kill();
  return code;
}
