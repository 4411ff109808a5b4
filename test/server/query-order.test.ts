import { expect } from "chai";
import { EmbeddedServer } from "../support/embedded-server.ts";

let server: EmbeddedServer;

async function ordered(order_by: unknown, more: object = {}): Promise<string[]> {
  const { tasks } = await server.ask("tasks.get_all", { order_by, only_fields: ["name"], ...more });
  return tasks.map((task: { name: string }) => task.name);
}

const item = (value: string): object => ({ hyperparams: { Args: { x: { section: "Args", name: "x", value } } } });

describe("tasks.get_all", () => {
  beforeEach(async () => {
    server = await EmbeddedServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it("orders texts by their code points, what is missing or empty last when ascending", async () => {
    for (const [name, comment] of Object.entries({ one: "alpha", two: "", three: "Beta" })) await server.task({ name, comment });
    await server.task({ name: "four" });
    expect((await ordered(["comment", "name"])).slice(0, 2)).to.deep.equal(["three", "one"]);
    expect((await ordered(["comment"])).slice(2)).to.have.members(["two", "four"]);
    expect(await ordered("-comment")).to.deep.equal(["one", "three", "two", "four"]);
    expect((await ordered(["type", "comment"]))[0]).to.equal("four");
  });

  it("orders lists by their smallest element, descending by their greatest; empty ones last", async () => {
    for (const [name, tags] of Object.entries({ one: ["b", "y"], two: ["a", "c"], none: [] })) await server.task({ name, tags });
    expect(await ordered(["tags"])).to.deep.equal(["two", "one", "none"]);
    expect(await ordered(["-tags"])).to.deep.equal(["one", "two", "none"]);
  });

  it("orders parameters by the numbers in them", async () => {
    const values = ["", "-2", "-10", "0.5", "0.25", "1", "1.9", "1.10", "1e-3", "9", "10", "abc", "Abc", "abd", "item9", "item10"];
    for (const value of values.toReversed()) await server.task({ name: `v=${value}.`, ...item(value) });
    await server.task({ name: "without" });
    expect(await ordered(["hyperparams.Args.x.value"])).to.deep.equal([...values.map((value) => `v=${value}.`), "without"]);
    expect(await ordered(["-execution.parameters.x.value"])).to.deep.equal([
      ...values.toReversed().map((value) => `v=${value}.`),
      "without",
    ]);
  });

  it("orders everything by numbers when a filter is about a parameter", async () => {
    for (const name of ["run 10", "run 9", "Run 1"]) await server.task({ name, ...item("1") });
    expect(await ordered(["name"])).to.deep.equal(["Run 1", "run 10", "run 9"]);
    expect(await ordered(["name"], { "hyperparams.Args.x.value": ["1"] })).to.deep.equal(["Run 1", "run 9", "run 10"]);
  });

  it("lets the id decide among equals", async () => {
    for (let n = 0; n < 5; n++) await server.task({ name: "same" });
    const { tasks } = await server.ask("tasks.get_all", { order_by: ["name"], only_fields: ["id"] });
    const ids = tasks.map((task: { id: string }) => task.id);
    expect(ids).to.deep.equal(ids.toSorted());
    const descending = (await server.ask("tasks.get_all", { order_by: ["-id"], only_fields: ["id"] })).tasks;
    expect(descending.map((task: { id: string }) => task.id)).to.deep.equal(ids.toReversed());
  });

  it("refuses an order by what there is not", async () => {
    for (const name of ["bogus", "execution.zzz", "name.x"]) {
      const { status, subcode, message } = await server.call("tasks.get_all", { order_by: [name] });
      expect([status, subcode]).to.deep.equal([400, 14]);
      expect(message).to.contain(`Cannot resolve field "${name.split(".").at(-1)}"`);
    }
  });

  it("gives pages over present and missing values", async () => {
    for (const [name, comment] of Object.entries({ one: "b", two: "a", none: "" })) await server.task({ name, comment });
    const pages = [];
    for (let page = 0; page < 3; page++) pages.push(await ordered(["comment"], { page, page_size: 2 }));
    expect(pages).to.deep.equal([["two", "one"], ["none"], []]);
    expect(await ordered(["comment"], { page_size: 1 })).to.deep.equal(["two"]);
    expect(await ordered(["comment"], { start: 1, size: 1 })).to.deep.equal(["one"]);
  });

  it("refuses pages that there cannot be", async () => {
    const refusal = async (body: object): Promise<string> => {
      const { status, subcode, message } = await server.call("tasks.get_all", body);
      return `${status}/${subcode} ${message}`;
    };
    expect(await refusal({ page: -1 })).to.equal("400/12 Validation error (page must be >=0): field=page");
    expect(await refusal({ page_size: 0 })).to.equal("400/12 Validation error (page_size must be >0): field=page_size");
    expect(await refusal({ page: 0, page_size: null })).to.equal(
      "400/11 Missing required fields (page_size is required when page is requested)",
    );
    for (const body of [{}, { size: 0 }, { size: "5" }])
      expect(await refusal({ scroll_id: null, ...body })).to.equal(
        "400/12 Validation error (Integer size parameter greater than 1 should be provided when working with scroll)",
      );
  });

  it("scrolls under one id to the end, whichever thread answers; page and page_size do not count", async () => {
    for (let n = 0; n < 5; n++) await server.task({ name: `task ${n}` });
    const step = async (scroll_id: unknown, more: object = {}): Promise<{ id: string; names: string[] }> => {
      const body = { scroll_id, size: 2, page: 7, page_size: 1, order_by: ["name"], only_fields: ["name"], ...more };
      const reply = await server.ask("tasks.get_all", body);
      return { id: reply.scroll_id, names: reply.tasks.map((task: { name: string }) => task.name.slice(-1)) };
    };
    const first = await step(null);
    const seen = [first];
    for (let n = 0; n < 4; n++) seen.push(await step(first.id));
    expect(seen.map(({ names }) => names.join(""))).to.deep.equal(["01", "23", "4", "", ""]);
    expect(new Set(seen.map(({ id }) => id)).size).to.equal(1);
    expect((await step(first.id, { refresh_scroll: true })).names.join("")).to.equal("01234");
    expect((await step(first.id)).names).to.deep.equal([]);
    const other = await step("0123456789abcdef0123456789abcdef");
    expect(other.names.join("")).to.equal("01");
    expect(other.id).to.not.be.oneOf([first.id, "0123456789abcdef0123456789abcdef"]);
    expect((await step(other.id)).names.join("")).to.equal("23");
  });
});
