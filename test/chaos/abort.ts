import { setTimeout as pause } from "node:timers/promises";
import type { TaskId } from "../../api/wire/ids.ts";
import { newId } from "../../base/ids.ts";
import { eventually } from "../support/product.ts";
import type { AgentUnderTest } from "./agent-under-test.ts";
import { settle } from "./crash.ts";
import { leftoversOf, OF_A_RUN, processesWith } from "./leftovers.ts";
import { NASTY_PROGRAMS, type NastyProgram } from "./programs.ts";
import { type Counter, type EngineName, type Result, resultOf } from "./result.ts";
import { GRACE_MS, QUEUE, World } from "./world.ts";

export interface AbortOptions {
  readonly engine: EngineName;
  /** How often each program is aborted. */
  readonly times: number;
  readonly seed: number;
}

/** From the abort to the moment when nothing is left. */
const WITHIN_MS = GRACE_MS + 2_000;

/** Programs that are hard to end, aborted by a person: gone with everything that they started, in time. */
export function abort(options: AbortOptions): Promise<Result> {
  const { engine, seed } = options;
  return resultOf({ name: "abort", engine, seed }, async (counter) => {
    await using world = await World.start();
    const agent = await world.agent({ name: "aborting", engine });
    await agent.startReady();
    const faults: string[] = [];
    for (const program of NASTY_PROGRAMS.filter(({ engines }) => engines.includes(engine)))
      for (let n = 0; n < options.times; n++) faults.push(...(await abortOne(world, agent, program, counter)));
    return [...faults, ...(await settle(agent, counter))];
  });
}

async function abortOne(world: World, agent: AgentUnderTest, program: NastyProgram, counter: Counter): Promise<string[]> {
  const mark = newId();
  const id = await startNasty(world, program, mark);
  const start = Date.now();
  await world.product.session.call("tasks.stop", { task: id });
  const gone = await eventually("all is gone", async () => (await stillThere(agent, mark)).length === 0, WITHIN_MS + 8_000).catch(
    () => false,
  );
  const tookMs = Date.now() - start;
  counter.add("aborts");
  counter.counts["slowest ms"] = Math.max(counter.counts["slowest ms"] ?? 0, tookMs);
  const task = await world.product.ended(id, 10_000);
  const faults = gone ? [] : [`left: ${(await stillThere(agent, mark)).join("; ")}`];
  if (gone && tookMs > WITHIN_MS) faults.push(`gone after ${tookMs} ms instead of ${WITHIN_MS} ms`);
  if (task.status !== "stopped") faults.push(`status ${task.status} (${task.status_reason}) instead of stopped`);
  if (program.entryPoint === "talker.py") faults.push(...lastWordsFaults(await world.product.consoleOf(id)));
  return faults.map((fault) => `${program.name}: ${fault}`);
}

/** The program runs and is as nasty as it will be. */
async function startNasty(world: World, program: NastyProgram, mark: string): Promise<TaskId> {
  const id = await world.product.enqueue(QUEUE, {
    name: program.name,
    script: { entry_point: program.entryPoint, binary: program.binary, diff: program.text },
    container: program.containerArguments === undefined ? {} : { arguments: program.containerArguments },
    hyperparams: { Environment: { CHAOS_MARK: { section: "Environment", name: "CHAOS_MARK", value: mark } } },
  });
  await eventually(`${program.name} runs`, async () => (await world.product.consoleOf(id)).includes("it runs"), 60_000);
  return id;
}

async function stillThere(agent: AgentUnderTest, mark: string): Promise<string[]> {
  const marked = await processesWith((environ) => environ.includes(`CHAOS_MARK=${mark}`));
  return [...marked.map((line) => `process ${line}`), ...(await leftoversOf(agent, OF_A_RUN))];
}

/** What a program prints while it dies belongs to its console. */
function lastWordsFaults(text: string): string[] {
  const words = text.split("\n").filter((line) => line.startsWith("dying "));
  const inOrder = words.every((word, n) => word === `dying ${String(n).padStart(6, "0")}`);
  return words.length === 200 && inOrder
    ? []
    : [`${words.length} of its 200 last words are on the server${inOrder ? "" : ", out of order"}`];
}

export interface CallbackOptions {
  readonly engine: EngineName;
  readonly seed: number;
}

const CALLBACK_TIMEOUT_SEC = 8;
const POLL_SEC = 1;

/** The SDK's abort callback: a program that asked for time gets it, up to its own timeout, and no more once it is ready. */
export function abortCallback({ engine, seed }: CallbackOptions): Promise<Result> {
  return resultOf({ name: "abort callback", engine, seed }, async (counter) => {
    await using world = await World.start();
    const agent = await world.agent({ name: "waiting", engine });
    await agent.startReady();
    const ready = await oneCallback(world, true);
    const late = await oneCallback(world, false);
    counter.add("aborts", 2);
    const faults: string[] = [];
    if (ready < 3_000 || ready > 3_000 + WITHIN_MS) faults.push(`a callback that was done after 3 s was waited for ${ready} ms`);
    const longestMs = (CALLBACK_TIMEOUT_SEC + POLL_SEC) * 1000;
    if (late < CALLBACK_TIMEOUT_SEC * 1000 || late > longestMs + WITHIN_MS) faults.push(`a callback without end was waited for ${late} ms`);
    return [...faults, ...(await settle(agent, counter))];
  });
}

/** Milliseconds from the abort to the end of a program with an abort callback, which is done after 3 s or never. */
async function oneCallback(world: World, isDone: boolean): Promise<number> {
  const program: NastyProgram = { name: "callback", entryPoint: "c.py", binary: "python3", text: SLEEPER, engines: [] };
  const id = await startNasty(world, program, newId());
  const set = (runtime: object): Promise<unknown> => world.product.session.call("tasks.edit", { task: id, force: true, runtime });
  const wanted = { _abort_callback_timeout: CALLBACK_TIMEOUT_SEC, _abort_poll_freq: POLL_SEC };
  await set(wanted);
  const start = Date.now();
  await world.product.session.call("tasks.stop", { task: id });
  if (isDone) {
    await pause(3_000);
    await set({ ...wanted, _abort_callback_completed: 1 });
  }
  await world.product.ended(id, 60_000);
  return Date.now() - start;
}

const SLEEPER = "import time\nprint('it runs', flush=True)\ntime.sleep(600)\n";
