import { setTimeout as pause } from "node:timers/promises";
import type { TaskId } from "../../api/wire/ids.ts";
import { eventually } from "../support/product.ts";
import type { AgentUnderTest } from "./agent-under-test.ts";
import { leftoversOf } from "./leftovers.ts";
import { leave } from "./restarts.ts";
import { type Counter, type EngineName, type Result, resultOf } from "./result.ts";
import { type Ending, enqueueWork, type Work } from "./work.ts";
import { faultsOfAll } from "./work-check.ts";
import { GRACE_MS, World } from "./world.ts";

export interface SignalsOptions {
  readonly engine: EngineName;
  readonly seed: number;
}

const [DRAINED, ABORTED, LEFT] = [0, 2, 3];

interface Stage {
  readonly world: World;
  readonly engine: EngineName;
  /** Names agent, queue and work. */
  readonly name: string;
  readonly faults: string[];
}

type Scene = (stage: Stage) => Promise<void>;

/** What is told to an agent by signals, and what a drain deadline does, one scene with an agent of its own after the other. */
export function signals({ engine, seed }: SignalsOptions): Promise<Result> {
  return resultOf({ name: "signals", engine, seed }, async (counter: Counter) => {
    await using world = await World.start();
    const faults: string[] = [];
    for (const [name, scene] of Object.entries(SCENES)) {
      const found: string[] = [];
      await scene({ world, engine, name, faults: found }).catch((error: unknown) => found.push(String(error)));
      for (const agent of world.agents) await agent.kill();
      if (found.length > 0 && world.agents.at(-1) !== undefined) found.push(`log: ${await world.agents.at(-1)?.keepLog()}`);
      faults.push(...found.map((fault) => `${name}: ${fault}`));
      counter.add("scenes");
    }
    return faults;
  });
}

const SCENES: Readonly<Record<string, Scene>> = {
  /** The first SIGTERM: the run may finish, nothing new is taken. */
  async drain(stage) {
    const { agent, work } = await begun(stage, "completed", 200);
    agent.signal("SIGTERM");
    await pause(200);
    const later = await put(stage, "later", "completed", 5);
    expectEqual(stage, "exit code", await agent.endsWithin(30_000), DRAINED);
    expectEqual(stage, "status of a task enqueued after the signal", await statusOf(stage, later.id), "queued");
    await expectRight(stage, agent, [work]);
  },

  /** The second: the run is stopped with grace. */
  async abort(stage) {
    const { agent, work } = await begun(stage, "aborted", -1);
    agent.signal("SIGTERM");
    await pause(200);
    agent.signal("SIGTERM");
    expectEqual(stage, "exit code", await agent.endsWithin(GRACE_MS + 5_000), ABORTED);
    await expectStopped(stage, work);
    await expectNothingLeft(stage, agent);
  },

  /** The third: the run is left to the next agent. */
  async leave(stage) {
    const { agent, work } = await begun(stage, "completed", 300);
    expectEqual(stage, "exit code", await leave(agent), LEFT);
    await goesOnWithout(stage, agent, work);
  },

  /** SIGHUP reads slots, queues and limits again. */
  async reload(stage) {
    const { agent } = await begun(stage, "aborted", -1);
    const queues = [stage.name, `${stage.name}-more`];
    await stage.world.product.ensureQueue(`${stage.name}-more`);
    await agent.configure(
      await stage.world.configOf({ name: stage.name, engine: stage.engine, slots: 3, queues, sections: { run: { time_limit: "2s" } } }),
    );
    agent.signal("SIGHUP");
    const second = await put(stage, "second", "completed", 5);
    const limited = await put(stage, "limited", "aborted", -1, `${stage.name}-more`);
    expectEqual(stage, "a task on a new slot", (await stage.world.product.ended(second.id, 15_000)).status, "completed");
    const ended = await stage.world.product.ended(limited.id, 20_000);
    if (!(ended.status_reason ?? "").startsWith("failed/timeout")) stage.faults.push(`a new time limit gave "${ended.status_reason}"`);
  },

  /** SIGUSR2 pauses, and resumes when it comes again. */
  async pause(stage) {
    const { agent, work } = await begun(stage, "completed", 100);
    agent.signal("SIGUSR2");
    await pause(200);
    const held = await put(stage, "held", "completed", 5);
    await stage.world.product.ended(work.id, 20_000);
    await pause(2_000);
    expectEqual(stage, "status of a task while paused", await statusOf(stage, held.id), "queued");
    agent.signal("SIGUSR2");
    expectEqual(stage, "status after the pause", (await stage.world.product.ended(held.id, 15_000)).status, "completed");
    expectEqual(stage, "exit code", await agent.stop(), DRAINED);
    await expectRight(stage, agent, [work, held]);
  },

  async "deadline, abort"(stage) {
    const { agent, work } = await begun(stage, "aborted", -1, { drain_deadline: "2s", drain_action: "abort" });
    agent.signal("SIGTERM");
    expectEqual(stage, "exit code", await agent.endsWithin(2_000 + GRACE_MS + 5_000), ABORTED);
    await expectStopped(stage, work);
    await expectNothingLeft(stage, agent);
  },

  async "deadline, hand-back"(stage) {
    const { agent, work } = await begun(stage, "aborted", -1, { drain_deadline: "2s", drain_action: "hand-back" });
    const later = await put(stage, "later", "completed", 5);
    agent.signal("SIGTERM");
    expectEqual(stage, "exit code", await agent.endsWithin(2_000 + GRACE_MS + 5_000), ABORTED);
    expectEqual(stage, "status", await statusOf(stage, work.id), "queued");
    const entries = (await stage.world.product.queues.all()).find((queue) => queue.name === stage.name)?.entries ?? [];
    expectEqual(stage, "order of the queue", entries.map((entry) => entry.task).join(), [work.id, later.id].join());
    await expectNothingLeft(stage, agent);
  },

  async "deadline, leave"(stage) {
    const { agent, work } = await begun(stage, "completed", 500, { drain_deadline: "1s", drain_action: "leave" });
    agent.signal("SIGTERM");
    expectEqual(stage, "exit code", await agent.endsWithin(8_000), LEFT);
    await goesOnWithout(stage, agent, work);
  },
};

/** An agent with one slot on a queue of its own, and its program runs. */
async function begun(stage: Stage, ending: Ending, lines: number, section = {}): Promise<{ agent: AgentUnderTest; work: Work }> {
  const { world, engine, name } = stage;
  await world.product.ensureQueue(name);
  const agent = await world.agent({ name: name.replaceAll(/\W+/g, "-"), engine, queues: [name], sections: { agent: section } });
  await agent.startReady();
  const work = await put(stage, "first", ending, lines);
  const starts = async (): Promise<boolean> => (await world.notesOf(work.name)).length > 0;
  await eventually("the program has started", starts, 30_000);
  return { agent, work };
}

function put({ world, engine, name }: Stage, what: string, ending: Ending, lines: number, queue = name): Promise<Work> {
  return enqueueWork(world, {
    engine,
    name: `${name}-${what}`.replaceAll(/\W+/g, "-"),
    ending,
    lines,
    pauseMs: 10,
    queue,
    stubborn: ending === "completed",
  });
}

async function statusOf({ world }: Stage, id: TaskId): Promise<string> {
  return (await world.product.tasks.get(id)).status;
}

function expectEqual({ faults }: Stage, what: string, found: unknown, right: unknown): void {
  if (found !== right) faults.push(`${what}: ${String(found)} instead of ${String(right)}`);
}

async function expectRight(stage: Stage, agent: AgentUnderTest, works: readonly Work[]): Promise<void> {
  stage.faults.push(...(await faultsOfAll(stage.world, works)));
  await expectNothingLeft(stage, agent);
}

async function expectNothingLeft({ faults }: Stage, agent: AgentUnderTest): Promise<void> {
  faults.push(...(await leftoversOf(agent)));
}

async function expectStopped(stage: Stage, work: Work): Promise<void> {
  const { status, status_reason: reason } = await stage.world.product.tasks.get(work.id);
  expectEqual(stage, "status", status, "stopped");
  if (reason?.startsWith("aborted/agent-stopping") !== true) stage.faults.push(`cause "${reason}" instead of aborted/agent-stopping`);
}

/** The program of an agent that is no more goes on to its end, and the next agent reports it. */
async function goesOnWithout(stage: Stage, agent: AgentUnderTest, work: Work): Promise<void> {
  expectEqual(stage, "notes when the agent has ended", (await stage.world.notesOf(work.name)).join(), "start");
  await eventually("the program ends by itself", async () => (await stage.world.notesOf(work.name)).length === 2, 20_000);
  expectEqual(stage, "status without an agent", await statusOf(stage, work.id), "in_progress");
  await agent.startReady();
  await stage.world.product.ended(work.id, 20_000);
  expectEqual(stage, "exit code of the next agent", await agent.stop(), DRAINED);
  await expectRight(stage, agent, [work]);
}
