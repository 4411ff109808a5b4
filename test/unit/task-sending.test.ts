import { expect } from "chai";
import { ApiError } from "../../api/api-error.ts";
import type { Connection } from "../../task/connection/connection.ts";
import { EventQueue } from "../../task/sending/event-queue.ts";
import { Outbox } from "../../task/sending/outbox.ts";
import { Patience } from "../../task/sending/patience.ts";

const away = (): ApiError => new ApiError({ endpoint: "e", status: 0, subcode: 0, message: "away" });

type Talk = Pick<Connection, "call" | "callLines">;

/** A connection whose answers the test gives; what was sent is kept. */
function connectionThat(answer: (sent: number) => unknown): Talk & { readonly bodies: string[] } {
  const bodies: string[] = [];
  const reply = async <T>(body: string): Promise<T> => {
    bodies.push(body);
    return (await answer(bodies.length)) as T;
  };
  return {
    bodies,
    call: async <T>(endpoint: string, body: object) => await reply<T>(`${endpoint} ${JSON.stringify(body)}`),
    callLines: async <T>(_endpoint: string, lines: string) => await reply<T>(lines),
  };
}

describe("what a program says without waiting", () => {
  it("goes in batches of bounded size, one at a time, all of it", async () => {
    let underWay = 0;
    const connection = connectionThat(async () => {
      expect(++underWay).to.equal(1);
      await new Promise((soon) => setTimeout(soon, 1));
      underWay--;
      return { added: 1e6 };
    });
    const queue = new EventQueue(connection, new Patience("a"));
    for (let count = 0; count < 25_000; count++) queue.add({ count });
    await Promise.all([queue.flush(), queue.flush()]);
    const lines = connection.bodies.flatMap((body) => body.split("\n"));
    expect(lines).to.have.length(25_000);
    expect(lines.at(-1)).to.equal('{"count":24999}');
    expect(connection.bodies.length).to.be.greaterThan(2);
    expect(Math.max(...connection.bodies.map(({ length }) => length))).to.be.lessThan(2 ** 20);
    expect(queue.waiting).to.deep.equal([]);
  });

  it("is still there when the patience ends before the server answers", async () => {
    const patience = new Patience("a");
    const connection = connectionThat(() => {
      patience.end();
      throw away();
    });
    const queue = new EventQueue(connection, patience);
    const outbox = new Outbox(connection, patience);
    queue.add({ first: 1 });
    queue.add({ second: 2 });
    await queue.flush();
    outbox.add("tasks.edit", { a: 1 });
    await outbox.flush();
    expect(queue.waiting).to.deep.equal(['{"first":1}', '{"second":2}']);
    expect(outbox.waiting).to.deep.equal([{ endpoint: "tasks.edit", body: { a: 1 } }]);
  });

  it("joins calls that may be one, and leaves the order of all others", async () => {
    const connection = connectionThat(() => ({}));
    const outbox = new Outbox(connection, new Patience("a"));
    const set = (value: number): void => outbox.add("set", { values: [value] }, (earlier) => ({ values: [...earlier.values, value] }));
    for (const value of [1, 2]) set(value);
    outbox.add("other", {});
    for (const value of [3, 4]) set(value);
    await outbox.flush();
    expect(connection.bodies).to.deep.equal(['set {"values":[1,2]}', "other {}", 'set {"values":[3,4]}']);
  });

  it("goes on behind what the server refuses", async () => {
    const refusal = new ApiError({ endpoint: "e", status: 400, subcode: 12, message: "no such field" });
    const connection = connectionThat((sent) => {
      if (sent === 1) throw refusal;
      return {};
    });
    const outbox = new Outbox(connection, new Patience("a"));
    outbox.add("tasks.edit", { wrong: 1 });
    outbox.add("tasks.edit", { right: 1 });
    await outbox.flush();
    expect(connection.bodies).to.have.length(2);
    expect(outbox.waiting).to.deep.equal([]);
  });
});
