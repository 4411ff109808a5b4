import { expect } from "chai";
import { Database } from "../../server/store/database.ts";
import { databaseOf, EmbeddedServer } from "../support/embedded-server.ts";

let server: EmbeddedServer;

const DAY = (day: number): string => `2026-01-0${day}T00:00:00.000000+00:00`;

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
    const [section, type] = ["Args", "str"];
    const lr = (value: string): object => ({ Args: { "opt.lr": { section, name: "opt.lr", value, type } } });
    await server.task({ name: "Alpha a", comment: "learning rates", runtime: { n: 2, on: true }, hyperparams: lr("10") });
    await server.task({ name: "alpha b", comment: "a LEARNED rate", runtime: { n: "2" }, hyperparams: lr("9") });
    await server.task({ name: "beta c", tags: ["Alpha"], runtime: { n: 1, on: 1 }, script: { repository: "https://host/some_repo" } });
    await server.task({ name: "hidden h", system_tags: ["hidden"] });
    using db = new Closing(databaseOf(server));
    for (const [at, name] of ["Alpha a", "alpha b", "beta c"].entries()) {
      const [last, started] = [DAY(at + 1), at === 2 ? null : DAY(at + 1)];
      db.run("UPDATE tasks SET last_update = ?, started = ?, last_metrics = ? WHERE name = ?", last, started, metrics(at), name);
    }
  });
  after(() => server[Symbol.asyncDispose]());

  it("searches names by a pattern that knows case; the empty one is no condition", async () => {
    expect(await found({ name: "alpha" })).to.equal("b");
    expect(await found({ name: "(?i)alpha" })).to.equal("ab");
    expect(await found({ name: "^Alpha\\ a$" })).to.equal("a");
    expect(await found({ name: "^Alpha$" })).to.equal("");
    expect(await found({ comment: "rates?$" })).to.equal("ab");
    expect(await found({ name: "" })).to.equal("abc");
    expect(await refusal({ name: 5 })).to.equal("500/0 first argument must be string or compiled pattern");
    expect(await refusal({ name: ["a"] })).to.equal("500/0 unhashable type: 'list'");
  });

  it("says in Python's words what is wrong with a pattern", async () => {
    const complaints = {
      "(a": "missing ), unterminated subpattern at position 0",
      "x(?:(b)": "missing ), unterminated subpattern at position 1",
      "a)": "unbalanced parenthesis at position 1",
      "[a": "unterminated character set at position 0",
      "a[]": "unterminated character set at position 1",
      "[\\]": "unterminated character set at position 0",
      "*a": "nothing to repeat at position 0",
      "(+a)": "nothing to repeat at position 1",
      "a|?": "nothing to repeat at position 2",
      "a**": "multiple repeat at position 2",
      "a{1}{2}": "multiple repeat at position 4",
      "a\\": "bad escape (end of pattern) at position 1",
    };
    for (const [name, complaint] of Object.entries(complaints))
      expect(await refusal({ name })).to.equal(`400/21 Malformed regular expression: err=${complaint}, extra_info=None`);
    expect(await refusal({ name: "(?<x" })).to.match(/^400\/21 Malformed regular expression: err=.+, extra_info=None$/);
    for (const name of ["[]a]", "[^]]*(a)??", "\\(\\[", "(?i)(?P<x>a)|b", "a{", "a{,2}+?"]) await found({ name });
  });

  it("searches several fields whatever the case, lists and ids too", async () => {
    expect(await found({ _any_: { fields: ["name", "tags"], pattern: "ALPHA" } })).to.equal("abc");
    expect(await found({ _or_: { fields: ["comment"], pattern: "learn" }, _any_: { fields: ["name"], pattern: "b$" } })).to.equal("b");
    expect(await found({ _all_: { fields: ["name", "comment"], pattern: "a" } })).to.equal("ab");
    expect(await found({ _and_: { fields: ["name", "comment"], pattern: "^a" } })).to.equal("b");
    expect(await found({ _any_: { fields: ["hyperparams.Args.opt%2Elr.value"], pattern: "^1" } })).to.equal("a");
    expect(await found({ _any_: { fields: [], pattern: "x" } })).to.equal("abc");
    expect(await found({ _any_: { fields: ["bogus._x"], pattern: "x" } })).to.equal("");
    const format = "400/16 Invalid value for fields (failed parsing query field): error=incorrect field format: field=_any_, field=_any_";
    for (const wrong of [{ fields: ["name"] }, { pattern: "a" }, "text", { fields: ["name"], pattern: "a", datetime: "x" }])
      expect(await refusal({ _any_: wrong })).to.equal(format);
    expect(await refusal({ _any_: { fields: ["zzz"], pattern: "a" } })).to.equal(
      '400/14 Lookup error (probably an invalid field name or unsupported nested field): err=Cannot resolve field "zzz"',
    );
    expect(await refusal({ _any_: { fields: ["name"], pattern: "(a" } })).to.match(/^400\/21 /);
  });

  it("compares several dates; other fields are skipped", async () => {
    expect(await found({ _any_: { fields: ["last_update", "name"], datetime: [">2026-01-02T12:00:00"] } })).to.equal("c");
    expect(await found({ _any_: { fields: ["name"], datetime: [">2026-01-02T12:00:00"] } })).to.equal("abc");
  });

  it("takes ranges with both ends, open ones too; without a minimum also what is missing", async () => {
    expect(await found({ started: [DAY(1), DAY(2)] })).to.equal("ab");
    expect(await found({ started: ["2026-01-02 00:00:00", null] })).to.equal("b");
    expect(await found({ started: [null, DAY(1)] })).to.equal("ac");
    expect(await found({ started: [null, "no date"] })).to.equal("");
    expect(await found({ "last_metrics.m.v.value": ["0.5", "1"] })).to.equal("b");
    expect(await found({ "last_metrics.m.v.value": ["0.5", null] })).to.equal("bc");
    expect(await refusal({ created: [DAY(1)] })).to.equal(
      "400/12 Validation error (Min and max values should be specified for range field created)",
    );
    expect(await refusal({ created: [null, null] })).to.match(/^400\/12 .*At least one of min or max values should be provided/);
  });

  it("compares dates by their signs; what is no date is no condition", async () => {
    expect(await found({ last_update: [DAY(1), DAY(2)] })).to.equal("ab");
    expect(await found({ last_update: [null, DAY(2)] })).to.equal("ab");
    expect(await found({ last_update: DAY(2) })).to.equal("b");
    expect(await found({ last_update: ">2026-01-01" })).to.equal("bc");
    expect(await found({ last_update: [">=2026-01-02T01:00:00+01:00", "<2026-01-03 00:00"] })).to.equal("b");
    expect(await found({ last_update: [">2026-01-01", ">2026-01-02", "<2027-01-01"] })).to.equal("c");
    expect(await found({ last_update: ">yesterday" })).to.equal("abc");
    expect(await refusal({ last_update: 5 })).to.match(/^400\/16 /);
    expect(await refusal({ last_update: [null, ">2026-01-01"] })).to.match(/^400\/16 /);
  });

  it("takes runtime values exactly, type and all", async () => {
    expect(await found({ "runtime.n": 2 })).to.equal("a");
    expect(await found({ "runtime.n": "2" })).to.equal("b");
    expect(await found({ "runtime.on": true })).to.equal("a");
    expect(await found({ "runtime.on": 1 })).to.equal("c");
  });

  it("finds parameters by names with dots, and by the old name of their place", async () => {
    expect(await found({ "hyperparams.Args.opt%2Elr.value": ["9"] })).to.equal("b");
    expect(await found({ "hyperparams.Args.opt%2Elr.value": ["09"] })).to.equal("");
    expect(await found({ "execution.parameters.opt%2Elr.value": ["9"] })).to.equal("b");
    const { tasks } = await server.ask("tasks.get_all", { name: "^alpha b$", only_fields: ["execution.parameters.opt%2Elr.value"] });
    expect(tasks).to.deep.equal([{ hyperparams: { Args: { "opt.lr": { value: "9" } } } }]);
  });

  it("searches whole words in English, phrases, and without some", async () => {
    expect(await found({ search_text: "learn" })).to.equal("ab");
    expect(await found({ search_text: "lear" })).to.equal("");
    expect(await found({ search_text: "the beta rates" })).to.equal("abc");
    expect(await found({ search_text: '"beta c" alpha' })).to.equal("c");
    expect(await found({ search_text: '"rates learning"' })).to.equal("");
    expect(await found({ search_text: "alpha -learning" })).to.equal("");
    expect(await found({ search_text: "some_repo" })).to.equal("c");
    expect(await found({ search_text: "-alpha" })).to.equal("");
    expect(await found({ search_text: '" OR NEAR( * -" AND' })).to.equal("");
    expect(await refusal({ order_by: ["@text_score"] })).to.match(/^400\/16 /);
    const { tasks } = await server.ask("tasks.get_all", {
      search_text: "some_repo beta alpha",
      order_by: ["@text_score"],
      only_fields: ["name"],
    });
    expect(tasks[0].name).to.equal("beta c");
  });

  it("follows what is renamed and deleted in the search for words", async () => {
    const id = await server.task({ name: "ephemeral x" });
    await server.ask("tasks.update", { task: id, name: "different y" });
    expect([await found({ search_text: "ephemeral" }), await found({ search_text: "different" })]).to.deep.equal(["", "y"]);
    await server.ask("tasks.delete", { task: id });
    expect(await found({ search_text: "different" })).to.equal("");
  });

  it("leaves hidden tasks out, but for those who ask for them or by id", async () => {
    const [{ id }] = (await server.ask("tasks.get_all", { search_hidden: true, name: "^hidden" })).tasks;
    expect(await found({})).to.equal("abc");
    expect(await found({ id: [] })).to.equal("abc");
    expect(await found({ id })).to.equal("h");
    expect(await found({ id: [id] })).to.equal("h");
  });
});

const metrics = (value: number): string => JSON.stringify({ m: { v: { value } } });

class Closing extends Database {
  constructor(path: string) {
    super(path, { readonly: false });
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
