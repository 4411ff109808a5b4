import { expect } from "chai";
import { claim } from "../../agent/claim.ts";
import type { Client } from "../../agent/client.ts";
import { Journal } from "../../agent/journal.ts";
import { requeue } from "../../agent/requeue.ts";
import { settle } from "../../agent/settle.ts";
import { Events } from "../../api/events.ts";
import { Queues } from "../../api/queues.ts";
import { Session } from "../../api/session.ts";
import { Tasks } from "../../api/tasks.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { Workers } from "../../api/workers.ts";
import { createLogger, silentLogger } from "../../base/logger.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";
import { temporaryFolder } from "../support/folder.ts";
import { JumpingClock } from "../support/jumping-clock.ts";

const NEVER = new AbortController().signal;

describe("a task whose queue is deleted after it was taken", () => {
  let server: EmbeddedServer;
  let client: Client;
  before(async () => {
    server = await EmbeddedServer.start();
    const session = new Session({ apiServer: server.apiUrl, credentials: { token: server.token } });
    const [tasks, queues, workers, events] = [new Tasks(session), new Queues(session), new Workers(session), new Events(session)];
    client = { session, tasks, queues, workers, events };
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  /** A claim whose queue is gone, as the journal has it. */
  async function taken(name: string) {
    const lines: string[] = [];
    const logger = createLogger({ level: "info", format: "json", write: (line) => void lines.push(line) });
    const deps = { client, journal: await Journal.open(await temporaryFolder()), logger, clock: new JumpingClock() };
    const queue = { id: await client.queues.create(name), name };
    const task = await client.tasks.create({ name, type: "training" });
    await client.tasks.enqueue(task, queue);
    const result = await claim(queue, { task, added: "" }, "host:0", deps);
    if (result === "lost" || "doubt" in result) throw new Error("it was not claimed");
    const { record } = result.claimed;
    return { record, task, deps, lines, delete: () => server.call("queues.delete", { queue: queue.id, force: true }) };
  }

  async function entriesOf(name: string): Promise<string[] | undefined> {
    const queue = (await client.queues.all()).find((one) => one.name === name);
    return queue?.entries.map(({ task }) => task);
  }

  const reasonOf = async (task: TaskId): Promise<string | undefined> => (await client.tasks.get(task)).status_reason ?? undefined;
  const words = (lines: readonly string[]): unknown[] => lines.map((line) => (JSON.parse(line) as { msg: unknown }).msg);

  it("is handed back into a queue of that name, and task and log say so", async () => {
    const { record, task, deps, lines, ...queue } = await taken("one");
    await queue.delete();
    expect(await settle(record, deps, NEVER)).to.equal(true);
    expect(await entriesOf("one")).to.deep.equal([task]);
    expect((await client.tasks.get(task)).status).to.equal("queued");
    expect(await reasonOf(task)).to.equal("handed back by an agent that did not get to run it; its queue was deleted and is made again");
    expect(words(lines)).to.deep.equal([
      "the queue of a task was deleted since it was taken; made again by its name",
      "handed a task back to its queue",
    ]);
    expect(await deps.journal.records(silentLogger)).to.deep.equal([]);
  });

  it("that this claim said to be started goes back the same way", async () => {
    const { record, task, deps, ...queue } = await taken("two");
    await client.tasks.setStatus("started", task, { reason: "started", message: `claim ${record.claim}` });
    await queue.delete();
    expect(await settle(record, deps, NEVER)).to.equal(true);
    expect(await entriesOf("two")).to.deep.equal([task]);
  });

  it("goes back the same way after a failure of the infrastructure", async () => {
    const { record, task, deps, ...queue } = await taken("three");
    await client.tasks.setStatus("started", task, { reason: "started", message: `claim ${record.claim}` });
    await queue.delete();
    const outcome = { cause: "failed/engine", phase: "launch", message: "gone", retryable: true, timings: {} } as const;
    await requeue(record, outcome, { tries: 1, limit: 2 }, deps, { doubtful: false, signal: NEVER });
    expect(await entriesOf("three")).to.deep.equal([task]);
    expect(await reasonOf(task)).to.equal("queued again after failed/engine: gone; its queue was deleted and is made again");
  });

  it("is left alone when somebody starts it in the moment before it is put back", async () => {
    const { record, task, deps, ...queue } = await taken("four");
    await queue.delete();
    const queues = Object.assign(new Queues(client.session), {
      addTask: async (...call: Parameters<Queues["addTask"]>) => {
        await client.tasks.setStatus("started", task, { reason: "started", message: `claim ${"a".repeat(32)}` });
        await client.queues.addTask(...call);
      },
    });
    await settle(record, { ...deps, client: { ...client, queues } }, NEVER);
    expect((await client.tasks.get(task)).status).to.equal("in_progress");
    expect((await entriesOf("four")) ?? []).to.deep.equal([]);
  });
});
