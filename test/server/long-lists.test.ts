import Sqlite from "better-sqlite3";
import { expect } from "chai";
import { databaseOf, EmbeddedServer } from "../support/embedded-server.ts";
import { eventually } from "../support/product.ts";

const MANY = 400;

describe("calls for many ids", () => {
  let server: EmbeddedServer;
  let ids: string[];

  beforeEach(async () => {
    server = await EmbeddedServer.start();
    ids = await Promise.all(Array.from({ length: MANY }, () => server.task()));
  });

  afterEach(async () => await server[Symbol.asyncDispose]());

  const statuses = async (): Promise<string[]> => await Promise.all(ids.map(statusOf));
  const statusOf = async (task: string): Promise<string> => (await server.ask("tasks.get_by_id", { task })).task.status;

  it("are answered as one, in order, with what stands beside the lists", async () => {
    const asked = [...ids.slice(0, 50), "nope", ...ids.slice(50), ids[0]];
    const body = { ids: asked, queue_name: "a queue", verify_watched_queue: true };
    const reply = await server.ask("tasks.enqueue_many", body);
    expect(reply).to.have.all.keys("succeeded", "failed", "queue_watched");
    expect(reply.queue_watched).to.equal(false);
    expect(reply.succeeded.map((one: { id: string }) => one.id)).to.deep.equal(ids);
    expect(reply.failed.map((one: { id: string }) => one.id)).to.deep.equal(["nope", ids[0]]);
  });

  it("let the writes of others go between", async () => {
    const order: string[] = [];
    const many = server.ask("tasks.enqueue_many", { ids, queue_name: "a queue" }).then(() => order.push("many"));
    await eventually("it has begun", async () => (await statusOf(ids[0] ?? "")) === "queued");
    await Promise.all([many, server.task().then(() => order.push("another"))]);
    expect(order).to.deep.equal(["another", "many"]);
  });

  it("do nothing when the list holds what is no id", async () => {
    expect(await server.call("tasks.enqueue_many", { ids: [...ids, 5], queue_name: "a queue" })).to.include({ status: 400, subcode: 12 });
    expect(new Set(await statuses())).to.deep.equal(new Set(["created"]));
  });

  it("leave whole tasks when the store fails on the way, and can be repeated", async () => {
    const database = new Sqlite(databaseOf(server));
    database.exec(
      `CREATE TRIGGER broken BEFORE INSERT ON queue_entries WHEN NEW.task = '${ids[250]}' BEGIN SELECT RAISE(ABORT, 'broken'); END`,
    );
    expect(await server.call("tasks.enqueue_many", { ids, queue_name: "a queue" })).to.include({ status: 500, subcode: 0 });
    const waiting = async (): Promise<string[]> =>
      (await server.ask("queues.get_all", { name: "a queue" })).queues[0].entries.map(({ task }: { task: string }) => task);
    const done = ids.filter((_, n) => n < 240);
    expect(await waiting()).to.deep.equal(done);
    expect((await statuses()).map((status, n) => [status, n < done.length])).to.deep.equal(
      ids.map((_, n) => (n < done.length ? ["queued", true] : ["created", false])),
    );
    database.exec("DROP TRIGGER broken");
    database.close();
    const reply = await server.ask("tasks.enqueue_many", { ids, queue_name: "a queue" });
    expect([reply.succeeded.length, reply.failed.length]).to.deep.equal([MANY - done.length, done.length]);
    expect(await waiting()).to.deep.equal(ids);
  });
});
