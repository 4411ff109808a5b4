import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

let server: EmbeddedServer;

/** The names of the tasks that a request finds, sorted, in one text. */
async function found(body: object): Promise<string> {
  const { tasks } = await server.ask("tasks.get_all", { ...body, only_fields: ["name"] });
  return tasks
    .map((task: { name: string }) => task.name.slice(-1))
    .toSorted()
    .join("");
}

async function refusal(body: object): Promise<string> {
  const { status, subcode, message } = await server.call("tasks.get_all", body);
  return `${status}/${subcode} ${message}`;
}

describe("tasks.get_all", () => {
  before(async () => {
    server = await EmbeddedServer.start();
    for (const [name, tags] of Object.entries({ A: ["a", "b"], B: ["b", "c"], C: ["a", "b", "c"], D: [] }))
      await server.task({ name: `task ${name}`, tags });
  });
  after(() => server[Symbol.asyncDispose]());

  const TABLE: [unknown, string][] = [
    [["a"], "AC"],
    ["a", "AC"],
    [["a", "-c"], "A"],
    [["__$or", "a", "__$not", "c"], "ACD"],
    [["__$any", "a", "__$not", "c"], "ACD"],
    [["__$and", "b", "__$not", "c"], "A"],
    [["__$all", "a", "c"], "C"],
    [["__$and", "b", "__$nop", "a", "c"], "ABC"],
    [["__$nop", "-c"], "AD"],
    [["a", "__$or", "__$not", "b"], ""],
    [["__$or", "-a", "c"], "BC"],
    [[null, "c"], "BCD"],
    [[null], "D"],
    [["__$not", null], "D"],
    [["__$not", "a", "__$not", "c"], "D"],
    [[], "ABCD"],
    [null, "ABCD"],
    [["no such tag"], ""],
  ];
  for (const [tags, names] of TABLE)
    it(`finds ${names || "nothing"} by the tags ${JSON.stringify(tags)}`, async () => {
      expect(await found({ tags })).to.equal(names);
    });

  const FILTERS: [object, string][] = [
    [{ any: { include: ["a", "c"] } }, "ABC"],
    [{ any: { exclude: ["a", "c"] } }, "ABD"],
    [{ any: { exclude: ["a"] } }, "BD"],
    [{ any: { include: [null, "a"] } }, "ACD"],
    [{ any: { include: ["c"], exclude: ["a", "b"] } }, "BCD"],
    [{ any: { exclude: [null] } }, "ABC"],
    [{ all: { include: ["a", "c"] } }, "C"],
    [{ all: { exclude: ["a", "c"] } }, "D"],
    [{ all: { include: ["b"], exclude: ["a"] } }, "B"],
    [{ all: { include: [null] } }, "D"],
    [{ any: { include: ["a"] }, all: { include: ["c"] } }, "C"],
    [{ any: { include: ["a"] }, all: { include: ["c"] }, op: "or" }, "ABC"],
    [{}, "ABCD"],
  ];
  for (const [filter, names] of FILTERS)
    it(`finds ${names} by the tags filter ${JSON.stringify(filter)}`, async () => {
      expect(await found({ filters: { tags: filter } })).to.equal(names);
    });

  it("lets a filter take the place of the plain field, and ignores filters of other fields", async () => {
    expect(await found({ tags: ["nothing"], filters: { tags: { any: { include: ["a"] } } } })).to.equal("AC");
    expect(await found({ filters: { name: { any: { include: ["zz"] } }, bogus: 5 } })).to.equal("ABCD");
    expect(await found({ filters: { parent: { any: { include: [null] } } } })).to.equal("");
  });

  it("filters plain fields by the same lists; values that there are not match nothing", async () => {
    expect(await found({ status: ["created"], type: ["-testing"] })).to.equal("ABCD");
    expect(await found({ status: "bogus" })).to.equal("");
    expect(await found({ parent: [null] })).to.equal("ABCD");
    expect(await found({ type: ["__$all", "training"] })).to.equal("ABCD");
    expect(await found({ type: ["__$all", "training", "testing"] })).to.equal("");
  });

  it("ignores keys that are no filters", async () => {
    expect(await found({ bogus: ["x"], hyperparams: ["x"], last_metrics: [1, 2], status: null, id: [] })).to.equal("ABCD");
  });

  const REFUSED: [object, string][] = [
    [{ tags: ["__$bad"] }, "400/16 Invalid value for fields (Unsupported operator): field=tags, operator=__$bad"],
    [{ tags: ["a", "__$not"] }, "400/16 Invalid value for fields (Value is expected after): operator=__$not"],
    [{ tags: ["__$not", "__$or", "a"] }, "400/16 Invalid value for fields (Value is expected after): field=tags, operator=__$not"],
    [{ tags: [1] }, "400/16 Invalid value for fields (invalid value type, string expected): field=tags, value=1"],
    [{ tags: ["-"] }, "400/16 Invalid value for fields (Missing value after the exclude prefix -): field=tags, value=-"],
    [{ filters: { tags: 5 } }, "400/12 Validation error (invalid filter for field, dictionary expected): field=tags, value=5"],
    [{ filters: { tags: { op: "xor" } } }, "400/12 Validation error: field=tags, value={'op': 'xor'}"],
    [{ filters: { tags: { some: {} } } }, "400/12 Validation error: field=tags, value={'some': {}}"],
    [{ filters: { tags: { any: { include: "a" } } } }, "400/12 Validation error: field=tags, value={'any': {'include': 'a'}}"],
    [{ "hyperparams.a.b.c.d": ["x"] }, "400/12 Validation error (invalid task field): path=hyperparams.a.b.c.d"],
  ];
  for (const [body, text] of REFUSED)
    it(`refuses ${JSON.stringify(body)}`, async () => {
      expect(await refusal(body)).to.equal(text);
    });

  it("refuses filters that are no object", async () => {
    expect(await refusal({ filters: 5 })).to.match(/^400\/16 /);
  });
});
