import { expect } from "chai";
import { type LocalView, localView } from "../../agent/control/local-view.ts";
import type { AgentSnapshot } from "../../agent/control.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { explain } from "../../cli/why/explain.ts";
import type { Finding } from "../../cli/why/finding.ts";
import type { ServerView } from "../../cli/why/server-view.ts";
import { whyWithoutServer } from "../../cli/why/without-server.ts";
import { runOf, snapshotOf } from "../support/fake-agent.ts";

/** The fake agent was made a moment ago, whenever these tests come to run. */
let NOW = Date.now();
beforeEach(() => {
  NOW = Date.now();
});
const TASK = "1234567890abcdef1234567890abcdef" as TaskId;
const date = (agoMs: number): string => new Date(NOW - agoMs).toISOString();
const Q = { id: "queue-q", name: "q" };

type Fields = Partial<ServerView["task"]>;

function viewOf(task: Fields = {}, change: Partial<ServerView> = {}): ServerView {
  return {
    url: "http://127.0.0.1:8008",
    task: {
      id: TASK,
      name: "train",
      status: "queued",
      status_reason: undefined,
      status_message: undefined,
      status_changed: date(5_000),
      started: undefined,
      completed: undefined,
      last_worker: undefined,
      last_update: date(5_000),
      ...task,
    },
    place: undefined,
    lastQueue: Q,
    workers: [],
    waiting: {},
    ...change,
  };
}

const waiting = (change: Partial<ServerView> = {}): ServerView =>
  viewOf({}, { place: { queue: Q, position: 1, length: 1, added: date(5_000) }, ...change });

function why(view: ServerView, agent?: Partial<AgentSnapshot>): Finding {
  const local: LocalView | undefined = agent === undefined ? undefined : localView(view.task.id, snapshotOf(agent));
  return explain(view, local, NOW);
}

const worker = (id: string, busy: boolean, agoMs = 3_000): ServerView["workers"][number] => ({
  id,
  queues: [Q],
  last_activity_time: date(agoMs),
  ...(busy ? { task: { id: "other", name: "another" } } : {}),
});

describe("why a task does not run", () => {
  it("has no agent on its queue", () => {
    const { conclusion, advice } = why(waiting());
    expect(conclusion).to.equal('No agent serves the queue "q".');
    expect(advice).to.contain("windlass daemon --queue q");
    const elsewhere = why(waiting(), { queues: [{ wanted: "gpu", id: "queue-gpu" }] });
    expect(elsewhere.conclusion).to.equal('No agent serves the queue "q"; the agent here serves gpu.');
    expect(elsewhere.facts.join("\n")).to.contain('it serves gpu, not "q"');
  });

  it("has an agent here that takes nothing", () => {
    expect(why(waiting(), { state: "paused" })).to.deep.include({
      conclusion: "The agent here is paused.",
      advice: "windlass resume lets it take tasks again.",
    });
    expect(why(waiting(), { state: "draining" }).conclusion).to.contain("is draining");
    expect(why(waiting(), { state: "starting" }).conclusion).to.contain("has not registered yet");
    expect(why(waiting(), { notClaiming: "only 1.2 GiB free, 5 GiB wanted" }).conclusion).to.equal(
      "The agent here takes no tasks: only 1.2 GiB free, 5 GiB wanted.",
    );
    const held = explain(waiting(), localView(TASK, snapshotOf(), "it failed here a moment ago"), NOW);
    expect(held.conclusion).to.equal("The agent here leaves this task alone for now: it failed here a moment ago.");
    const withOther = why(waiting({ workers: [worker("other:0", true)] }), { state: "paused" });
    expect(withOther.conclusion).to.equal("The agent here is paused (another worker serves the queue, too: windlass workers).");
  });

  it("waits for a slot, and says with what and since when the slots are busy", () => {
    const slots = [
      { worker: "fake:0", gpus: "all" as const, run: runOf("aaa", { since: NOW - 60_000 }) },
      { worker: "fake:1", gpus: "all" as const, run: runOf("bbb", { since: NOW - 600_000, phase: "environment", name: "old" }) },
    ];
    const { facts, conclusion } = why(waiting({ workers: [worker("fake:0", true), worker("fake:1", true)] }), { slots });
    expect(conclusion).to.equal('All 2 slots of the agent here are busy, the longest with bbb "old" (environment, 10 min 0 s).');
    expect(facts.join("\n")).to.contain('fake:0: aaa "train", run for 1 min 0 s');
    expect(why(waiting(), { slots: slots.slice(0, 1) }).conclusion).to.contain("The only slot of the agent here is busy");
  });

  it("comes after tasks of its queue and of queues that the agent prefers", () => {
    const place = { queue: Q, position: 3, length: 4, added: date(60_000) };
    const queues = [
      { wanted: "urgent", id: "queue-urgent" },
      { wanted: "q", id: Q.id },
      { wanted: "later", id: "queue-later" },
    ];
    const found = why(waiting({ place, waiting: { "queue-urgent": 7, "queue-later": 9 } }), { queues });
    expect(found.conclusion).to.equal(
      'A slot is free, and 7 of the queue "urgent" and 2 of its own queue come first; it is taken after them.',
    );
    const inTurn = why(waiting({ place, waiting: { "queue-urgent": 7 } }), { queues, orderFairness: true });
    expect(inTurn.conclusion).to.equal("A slot is free, and 2 of its own queue come first; it is taken after them.");
    expect(inTurn.facts.join("\n")).to.contain("urgent, q, later, in turn");
    expect(found.facts.join("\n")).to.contain("it serves urgent, q, later, in this order").and.to.contain("position 3 of 4");
  });

  it("is about to be taken, or should have been", () => {
    expect(why(waiting(), {}).conclusion).to.contain("taken within seconds");
    const stuck = why(waiting({ place: { queue: Q, position: 1, length: 1, added: date(60_000) } }), {});
    expect(stuck.conclusion).to.contain("should have been taken");
    expect(stuck.advice).to.contain("log");
  });

  it("waits for agents elsewhere: busy, idle, or silent", () => {
    expect(why(waiting({ workers: [worker("far:0", true)] })).conclusion).to.equal(
      'All workers of the queue "q" are busy: far:0 runs other.',
    );
    expect(why(waiting({ workers: [worker("far:0", false), worker("far:1", true)] })).conclusion).to.contain("far:0 is idle");
    expect(why(waiting({ workers: [worker("far:0", false, 900_000)] })).conclusion).to.contain("silent for more than 3 min");
  });

  it("was never enqueued, or has ended", () => {
    expect(why(viewOf({ status: "created" })).conclusion).to.contain("never enqueued");
    const failed = why(viewOf({ status: "failed", status_reason: "failed/oom: it was killed", completed: date(120_000) }));
    expect(failed.conclusion).to.equal("It has ended, failed 2 min ago: failed/oom: it was killed.");
  });

  it("is queued in no queue", () => {
    expect(why(viewOf()).conclusion).to.contain("an agent is just taking it");
    const lost = why(viewOf({ status_changed: date(3_600_000) }));
    expect(lost.conclusion).to.contain('it was in "q"').and.to.contain("nobody will run it");
    expect(lost.advice).to.contain("windlass janitor");
    expect(why(viewOf({}, { lastQueue: undefined })).conclusion).to.contain("the queue that it was in is gone");
  });

  it("runs, here or elsewhere, or nobody says so", () => {
    const here = { slots: [{ worker: "fake:0", gpus: "all" as const, run: runOf(TASK) }] };
    expect(why(viewOf({ status: "in_progress" }), here).conclusion).to.match(/^It runs here, on fake:0: phase run for 1 min/);
    const there = viewOf({ status: "in_progress", last_worker: "far:0", status_message: "stopping" });
    const running = { ...worker("far:0", true), task: { id: TASK } };
    expect(why({ ...there, workers: [running] }).conclusion)
      .to.contain("It runs on far:0")
      .and.to.contain("being stopped");
    expect(why(there).conclusion).to.contain("its worker far:0 does not say so");
    expect(why(viewOf({ status: "in_progress" })).conclusion).to.contain("outside of any agent");
    const reporting = { outbox: [{ task: TASK, cause: "completed" as const, since: NOW - 60_000 }] };
    expect(why(viewOf({ status: "in_progress" }), reporting).conclusion).to.equal(
      "It has ended here (completed) 1 min 0 s ago, and the server does not know that yet.",
    );
  });

  it("is told by the agent here alone when the server does not answer", () => {
    const agent = snapshotOf({ slots: [{ worker: "fake:0", gpus: "all", run: runOf(TASK) }] });
    for (const text of [TASK, TASK.slice(0, 8), "train"])
      expect(whyWithoutServer(text, agent, "no answer", NOW)?.conclusion).to.contain("It runs here");
    expect(whyWithoutServer("unknown", agent, "no answer", NOW)).to.equal(undefined);
  });
});
