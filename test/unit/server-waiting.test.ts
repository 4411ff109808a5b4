import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { Waiters } from "../../server/waiters.ts";
import { EmbeddedServer } from "../support/embedded-server.ts";

const never = new AbortController().signal;

describe("waiters", () => {
  it("are woken one by one, the longest waiting first, and say what woke them", async () => {
    const waiters = new Waiters();
    const [first, second] = [waiters.wait(["a", "b"], 5000, never), waiters.wait(["b"], 5000, never)];
    expect(waiters.wakeOne("b")).to.equal(true);
    expect(await first.woken).to.equal("b");
    expect(waiters.wakeOne("a")).to.equal(false);
    expect(waiters.wakeOne("b")).to.equal(true);
    expect(await second.woken).to.equal("b");
    expect(waiters.size).to.equal(0);
  });

  it("are gone when the time is over, the client left, or nobody needs them", async () => {
    const waiters = new Waiters();
    const client = new AbortController();
    const all = [waiters.wait(["a"], 5, never), waiters.wait(["a"], 5000, client.signal), waiters.wait(["a"], 5000, never)];
    client.abort();
    all[2]?.leave();
    expect(await Promise.all(all.map((one) => one.woken))).to.deep.equal([undefined, undefined, undefined]);
    expect(waiters.size).to.equal(0);
    expect(waiters.wakeOne("a")).to.equal(false);
  });
});

describe("calls that wait", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(() => server[Symbol.asyncDispose]());

  const queue = async (name: string): Promise<string> => (await server.ask("queues.create", { name })).id as string;

  async function peek(ids: readonly string[], waitMs = 10_000): Promise<{ ms: number; queues: { id: string; entries: unknown[] }[] }> {
    const begin = performance.now();
    const { queues } = await server.ask("queues.get_all", { id: ids, windlass_wait_ms: waitMs });
    return { ms: performance.now() - begin, queues };
  }

  it("are answered by an entry", async () => {
    const id = await queue("with an entry");
    const waiting = peek([id]);
    await pause(100);
    await server.ask("tasks.enqueue", { task: await server.task(), queue: id });
    const { ms, queues } = await waiting;
    expect(ms).to.be.lessThan(2000);
    expect(queues[0]?.entries.length).to.equal(1);
  });

  it("wake one agent per entry: an answered call does not stand in the queue of those that wait", async () => {
    const [full, other] = [await queue("full already"), await queue("empty so far")];
    await server.ask("tasks.enqueue", { task: await server.task(), queue: full });
    for (let n = 0; n < 5; n++) await peek([full, other]);
    const waiting = peek([other]);
    await pause(100);
    const begin = performance.now();
    await server.ask("tasks.enqueue", { task: await server.task(), queue: other });
    await waiting;
    expect(performance.now() - begin).to.be.lessThan(500);
  });

  it("are answered when a queue is made or deleted, all of them", async () => {
    const [first, second] = [await queue("first here"), await queue("second here")];
    for (const change of [() => queue("a new one"), () => server.ask("queues.delete", { queue: second })]) {
      const waiting = [peek([first]), peek([first, second]), peek([first])];
      await pause(100);
      await change();
      for (const { ms } of await Promise.all(waiting)) expect(ms).to.be.lessThan(2000);
    }
    const { ms, queues } = await peek([first, second]);
    expect(ms).to.be.lessThan(1000);
    expect(queues.map((one) => one.id)).to.deep.equal([first]);
  });

  it("wait for their time when nothing happens", async () => {
    const { ms, queues } = await peek([await queue("a quiet one")], 400);
    expect(ms).to.be.within(380, 3000);
    expect(queues.length).to.equal(1);
  });

  it("see a task change, and a task deleted", async () => {
    const id = await server.task();
    const watch = async (since?: unknown): Promise<{ tasks: { status: string }[]; windlass_since: unknown }> =>
      await server.ask("tasks.get_all", { id: [id], windlass_wait_ms: 10_000, windlass_since: since });
    const { windlass_since: since } = await watch();
    const changed = watch(since);
    await pause(100);
    await server.ask("tasks.started", { task: id });
    const reply = await changed;
    expect(reply.tasks[0]?.status).to.equal("in_progress");
    const gone = watch(reply.windlass_since);
    await pause(100);
    await server.ask("tasks.delete", { task: id, force: true });
    expect((await gone).tasks).to.deep.equal([]);
  });

  it("end with the server, and with the client", async () => {
    const own = await EmbeddedServer.start();
    const { id } = await own.ask("queues.create", { name: "waited for" });
    const client = new AbortController();
    const left = own.call("queues.get_all", { id: [id], windlass_wait_ms: 60_000 }, { signal: client.signal }).catch(() => "left");
    const ended = own.call("queues.get_all", { id: [id], windlass_wait_ms: 60_000 }).catch(() => "ended");
    await pause(100);
    client.abort();
    expect(await left).to.equal("left");
    const begin = performance.now();
    await own[Symbol.asyncDispose]();
    await ended;
    expect(performance.now() - begin).to.be.lessThan(3000);
  });
});
