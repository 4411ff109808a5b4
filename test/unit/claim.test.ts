import { expect } from "chai";
import { start } from "../../agent/claim.ts";
import type { ClaimRecord } from "../../agent/journal.ts";
import { DOUBT_MS, giveBack } from "../../agent/settle.ts";
import { HOUR_MS } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import type { Call, Reply } from "../support/api-server.ts";
import { ClaimFixture, TASK } from "../support/claim-fixture.ts";

/** How the answer to a taking that is carried out may be lost. */
const LOST_AFTER: Readonly<Record<string, Reply>> = {
  "a broken connection": "hang up",
  "a proxy's page": { status: 502, page: "<html>Bad gateway</html>" },
  "a proxy's login page": { status: 200, page: "<html>Log in</html>" },
  "an error of the server": { code: 500 },
  "an answer that says nothing": { data: {} },
};

describe("a claim", () => {
  it("takes the task, and the intent stays in the journal for the run", async () => {
    await using fixture = await ClaimFixture.create();
    const claimed = await fixture.claim();
    expect(claimed).to.deep.include({ task: TASK, addedAtMs: Date.parse("2026-01-01T00:00:00Z") });
    expect(fixture.model.entries).to.deep.equal(["another"]);
    expect(await fixture.intents()).to.deep.equal([claimed?.record]);
    expect(claimed?.record).to.include({ stage: "intent", intentAt: fixture.clock.now() });
  });

  it("has written its intent down before it asks for anything", async () => {
    await using fixture = await ClaimFixture.create();
    const { journal } = fixture.deps;
    let atTheTaking: Promise<ClaimRecord[]> | undefined;
    fixture.model.fate = (take) => {
      atTheTaking = journal.records(silentLogger);
      return take();
    };
    await fixture.claim();
    expect(await atTheTaking).to.have.length(1);
  });

  it("that another one won is forgotten", async () => {
    for (const reply of [{ code: 400, subcode: 703 }, { data: { removed: 0 } }, { code: 400, subcode: 701 }, { code: 429 }] as Reply[]) {
      await using fixture = await ClaimFixture.create();
      fixture.model.fate = () => reply;
      expect(await fixture.claim()).to.equal(undefined);
      expect(await fixture.intents()).to.deep.equal([]);
    }
  });

  for (const [how, reply] of Object.entries(LOST_AFTER)) {
    it(`whose answer was lost by ${how} is not run, not repeated, and handed back to the front half a minute later`, async () => {
      await using fixture = await ClaimFixture.create();
      fixture.model.fate = (take) => {
        take();
        return reply;
      };
      expect(await fixture.claim()).to.equal(undefined);
      expect(fixture.http.endpoints).to.deep.equal(["queues.remove_task"]);
      expect(fixture.model.entries).to.deep.equal(["another"]);
      const [record] = await fixture.intents();
      await fixture.settle();
      expect(fixture.clock.now() - (record?.intentAt ?? 0)).to.be.at.least(DOUBT_MS);
      expect(fixture.model.entries).to.deep.equal([TASK, "another"]);
      expect(await fixture.intents()).to.deep.equal([]);
    });

    it(`that was lost by ${how} before it was carried out leaves the task where it is`, async () => {
      await using fixture = await ClaimFixture.create();
      fixture.model.fate = () => reply;
      expect(await fixture.claim()).to.equal(undefined);
      await fixture.settle();
      expect(fixture.model.entries).to.deep.equal(["another", TASK]);
      expect(fixture.http.endpoints).to.not.include("queues.add_task");
      expect(await fixture.intents()).to.deep.equal([]);
    });
  }
});

describe("a claimed task that is read", () => {
  /** What becomes of it when reading it fails so. */
  async function startedWith(error: Error): Promise<{ result: unknown; endpoints: readonly string[] }> {
    await using fixture = await ClaimFixture.create();
    const claimed = await fixture.claim();
    if (claimed === undefined) throw new Error("it was not claimed");
    fixture.deps.client.tasks.get = () => Promise.reject(error);
    return { result: await start(claimed, fixture.deps), endpoints: fixture.http.endpoints };
  }

  for (const error of [
    new TypeError("fetch failed"),
    new RangeError("too long"),
    Object.assign(new Error("no files left"), { code: "EMFILE" }),
  ])
    it(`is in doubt after a fault of this agent (${error.message}), and not failed`, async () => {
      expect(await startedWith(error)).to.deep.equal({ result: "doubt", endpoints: ["queues.remove_task"] });
    });

  it("is invalid when its document makes no sense", async () => {
    await using fixture = await ClaimFixture.create();
    const claimed = await fixture.claim();
    if (claimed === undefined) throw new Error("it was not claimed");
    fixture.model.task = { id: TASK, status: "queued", script: 7 };
    expect(await start(claimed, fixture.deps)).to.have.property("invalid");
  });

  it("of a task in a status of a newer server goes back to the front of its queue", async () => {
    await using fixture = await ClaimFixture.create();
    const claimed = await fixture.claim();
    if (claimed === undefined) throw new Error("it was not claimed");
    fixture.model.task = { id: TASK, status: "awaiting_approval", status_message: "" };
    expect(await start(claimed, fixture.deps)).to.equal("strange");
    await giveBack(claimed.record, fixture.deps, new AbortController().signal);
    expect(fixture.model.entries).to.deep.equal([TASK, "another"]);
    expect(fixture.http.endpoints).to.not.include("tasks.started");
    expect(await fixture.intents()).to.deep.equal([]);
  });
});

describe("a doubt", () => {
  /** An intent whose task was taken off the queue. */
  async function inDoubt(task: object | undefined): Promise<ClaimFixture> {
    const fixture = await ClaimFixture.create();
    await fixture.claim();
    fixture.model.task = task === undefined ? undefined : { id: TASK, status: "queued", status_message: "", ...task };
    return fixture;
  }

  for (const [what, task] of Object.entries({
    "runs elsewhere already": { status: "in_progress" },
    "was stopped meanwhile": { status: "stopped" },
    "carries another's claim": { status_message: `claim ${"a".repeat(32)} host:1` },
    "is gone": undefined,
  }))
    it(`about a task that ${what} ends without handing it back`, async () => {
      await using fixture = await inDoubt(task);
      await fixture.settle();
      expect(fixture.http.endpoints).to.not.include("queues.add_task");
      expect(await fixture.intents()).to.deep.equal([]);
    });

  it("about a task with this claim's own id hands it back", async () => {
    await using fixture = await inDoubt({});
    const [record] = await fixture.intents();
    fixture.model.task = { id: TASK, status: "queued", status_message: `claim ${record?.claim} host:0` };
    await fixture.settle();
    expect(fixture.model.entries[0]).to.equal(TASK);
  });

  it("about a task that another one handed back at the same moment is over", async () => {
    await using fixture = await inDoubt({});
    const answer = fixture.model.answer;
    Object.assign(fixture.model, {
      answer: (call: Call): Reply => (call.endpoint === "queues.add_task" ? { code: 400, subcode: 706 } : answer(call)),
    });
    await fixture.settle();
    expect(fixture.http.endpoints).to.not.include("queues.move_task_to_front");
    expect(await fixture.intents()).to.deep.equal([]);
  });

  it("of long ago, found after a crash, waits for somebody who took the task this moment", async () => {
    await using fixture = await inDoubt({});
    fixture.clock.advance(3_600_000);
    await fixture.settle();
    expect(fixture.clock.sleeps).to.deep.equal([DOUBT_MS]);
    expect(fixture.model.entries[0]).to.equal(TASK);
  });

  it("is over in half a minute although the clock is set back, before it and meanwhile", async () => {
    await using fixture = await inDoubt({});
    fixture.clock.setBack(HOUR_MS);
    fixture.clock.in(1_000, () => fixture.clock.setBack(HOUR_MS));
    await fixture.settle();
    expect(fixture.clock.sleeps).to.deep.equal([DOUBT_MS]);
    expect(fixture.model.entries[0]).to.equal(TASK);
  });

  it("that still stands in its queue is over in half a minute although the clock was set back since", async () => {
    await using fixture = await ClaimFixture.create();
    fixture.model.fate = () => ({ code: 500 });
    await fixture.claim();
    fixture.clock.setBack(HOUR_MS);
    await fixture.settle();
    expect(fixture.clock.sleeps).to.deep.equal([DOUBT_MS]);
  });

  it("about a task that another agent takes just before the half minute is over waits for that agent", async () => {
    await using fixture = await ClaimFixture.create();
    fixture.model.fate = () => ({ code: 500 });
    await fixture.claim();
    fixture.clock.in(DOUBT_MS - 1, () => void fixture.model.entries.pop());
    fixture.clock.in(DOUBT_MS + 5_000, () => {
      fixture.model.task = { id: TASK, status: "in_progress", status_message: "claim of another" };
    });
    await fixture.settle();
    expect(fixture.clock.sleeps.length).to.equal(2);
    expect(fixture.http.endpoints).to.not.include("queues.add_task");
  });

  it("about a task that was said to be started by this very claim hands it back through a new enqueue", async () => {
    await using fixture = await inDoubt({});
    const [record] = await fixture.intents();
    fixture.model.task = { id: TASK, status: "in_progress", status_message: `claim ${record?.claim}` };
    await fixture.settle();
    expect(fixture.http.endpoints).to.include("tasks.enqueue");
    expect(fixture.clock.sleeps).to.deep.equal([]);
  });
});
