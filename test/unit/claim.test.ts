import { expect } from "chai";
import { type ClaimDeps, type Claimed, claim } from "../../agent/claim.ts";
import { type ClaimRecord, Journal } from "../../agent/journal.ts";
import { DOUBT_MS, settle } from "../../agent/settle.ts";
import { Events } from "../../api/events.ts";
import { Queues } from "../../api/queues.ts";
import { Session } from "../../api/session.ts";
import { Tasks } from "../../api/tasks.ts";
import type { QueueId, TaskId } from "../../api/wire/ids.ts";
import { Workers } from "../../api/workers.ts";
import { HOUR_MS } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { ApiServer, type Call, type Reply } from "../support/api-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import { JumpingClock } from "../support/jumping-clock.ts";

const QUEUE = "q".repeat(32) as QueueId;
const TASK = "7".repeat(32) as TaskId;
const NEVER = new AbortController().signal;

/** A server with one queue that has one task; `fate` may lose the answer of a taking, before or after it is carried out. */
class OneTaskServer {
  entries: string[] = ["another", TASK];
  task: Record<string, unknown> | undefined = { id: TASK, status: "queued", status_message: "" };
  fate: (take: () => Reply) => Reply = (take) => take();

  readonly answer = ({ endpoint, body }: Call): Reply => {
    switch (endpoint) {
      case "queues.remove_task":
        return this.fate(() => this.#take(String(body["task"])));
      case "tasks.get_by_id":
        return this.task === undefined ? { code: 400, subcode: 101 } : { data: { task: this.task } };
      case "queues.get_all":
        return { data: { queues: [{ id: QUEUE, name: "default", entries: this.entries.map((task) => ({ task })) }] } };
      case "queues.add_task":
        return this.#add(String(body["task"]));
      case "queues.move_task_to_front":
        this.entries = [TASK, ...this.entries.filter((entry) => entry !== TASK)];
        return { data: { position: 0 } };
      case "tasks.enqueue":
        return { data: { updated: 1 } };
      default:
        return { code: 400 };
    }
  };

  #take(task: string): Reply {
    if (!this.entries.includes(task)) return { code: 400, subcode: 703 };
    this.entries = this.entries.filter((entry) => entry !== task);
    return { data: { removed: 1 } };
  }

  #add(task: string): Reply {
    if (this.entries.includes(task)) return { code: 400, subcode: 706 };
    this.entries.push(task);
    return { data: { added: 1 } };
  }
}

class Fixture {
  readonly model = new OneTaskServer();
  readonly clock = new JumpingClock();
  readonly http: ApiServer;
  readonly deps: ClaimDeps;

  private constructor(http: (model: OneTaskServer) => ApiServer, journal: Journal) {
    this.http = http(this.model);
    const session = new Session({ apiServer: this.http.url, credentials: { token: "t" } });
    const client = {
      session,
      tasks: new Tasks(session),
      queues: new Queues(session),
      workers: new Workers(session),
      events: new Events(session),
    };
    this.deps = { client, journal, logger: silentLogger, clock: this.clock };
  }

  static async create(): Promise<Fixture> {
    const journal = await Journal.open(await temporaryFolder());
    let model: OneTaskServer | undefined;
    const http = await ApiServer.start((call) => model?.answer(call) ?? { code: 500 });
    return new Fixture((its) => {
      model = its;
      return http;
    }, journal);
  }

  async claim(): Promise<Claimed | undefined> {
    const result = await claim({ id: QUEUE, name: "default" }, { task: TASK, added: "2026-01-01T00:00:00+00:00" }, "host:0", this.deps);
    return result !== "lost" && "claimed" in result ? result.claimed : undefined;
  }

  async intents(): Promise<ClaimRecord[]> {
    return await this.deps.journal.records(silentLogger);
  }

  /** What the agent does with each intent that is left, now or after a crash. */
  async settle(): Promise<void> {
    for (const record of await this.intents()) await settle(record, this.deps, NEVER);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http[Symbol.asyncDispose]();
  }
}

/** How the answer to a taking that is carried out may be lost. */
const LOST_AFTER: Readonly<Record<string, Reply>> = {
  "a broken connection": "hang up",
  "a proxy's page": { status: 502, page: "<html>Bad gateway</html>" },
  "a proxy's login page": { status: 200, page: "<html>Log in</html>" },
  "an error of the server": { code: 500 },
};

describe("a claim", () => {
  it("takes the task, and the intent stays in the journal for the run", async () => {
    await using fixture = await Fixture.create();
    const claimed = await fixture.claim();
    expect(claimed).to.deep.include({ task: TASK, addedAtMs: Date.parse("2026-01-01T00:00:00Z") });
    expect(fixture.model.entries).to.deep.equal(["another"]);
    expect(await fixture.intents()).to.deep.equal([claimed?.record]);
    expect(claimed?.record).to.include({ stage: "intent", intentAt: fixture.clock.now() });
  });

  it("has written its intent down before it asks for anything", async () => {
    await using fixture = await Fixture.create();
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
      await using fixture = await Fixture.create();
      fixture.model.fate = () => reply;
      expect(await fixture.claim()).to.equal(undefined);
      expect(await fixture.intents()).to.deep.equal([]);
    }
  });

  for (const [how, reply] of Object.entries(LOST_AFTER)) {
    it(`whose answer was lost by ${how} is not run, not repeated, and handed back to the front half a minute later`, async () => {
      await using fixture = await Fixture.create();
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
      await using fixture = await Fixture.create();
      fixture.model.fate = () => reply;
      expect(await fixture.claim()).to.equal(undefined);
      await fixture.settle();
      expect(fixture.model.entries).to.deep.equal(["another", TASK]);
      expect(fixture.http.endpoints).to.not.include("queues.add_task");
      expect(await fixture.intents()).to.deep.equal([]);
    });
  }
});

describe("a doubt", () => {
  /** An intent whose task was taken off the queue. */
  async function inDoubt(task: object | undefined): Promise<Fixture> {
    const fixture = await Fixture.create();
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
    await using fixture = await Fixture.create();
    fixture.model.fate = () => ({ code: 500 });
    await fixture.claim();
    fixture.clock.setBack(HOUR_MS);
    await fixture.settle();
    expect(fixture.clock.sleeps).to.deep.equal([DOUBT_MS]);
  });

  it("about a task that another agent takes just before the half minute is over waits for that agent", async () => {
    await using fixture = await Fixture.create();
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
