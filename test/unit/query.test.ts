import { join } from "node:path";
import { expect } from "chai";
import type { ApiFault } from "../../server/api-fault.ts";
import type { Body } from "../../server/endpoint.ts";
import { TASK_FILTERS } from "../../server/services/query-fields.ts";
import { Database } from "../../server/store/database.ts";
import { insertDocument } from "../../server/store/documents.ts";
import { TASK } from "../../server/store/kinds.ts";
import { countDocuments, queryDocuments } from "../../server/store/query.ts";
import { migrate } from "../../server/store/schema.ts";
import { temporaryFolder } from "../support/folder.ts";

let db: Database;

const DAY = (day: number): string => `2026-01-0${day}T00:00:00.000000+00:00`;
const TASKS = [
  { id: "a", name: "Alpha run", status: "created", tags: ["x", "y"], system_tags: [], last_update: DAY(1), last_iteration: 5 },
  { id: "b", name: "beta RUN", status: "queued", tags: ["y"], system_tags: ["archived"], last_update: DAY(2), last_iteration: 50 },
  { id: "c", name: "gamma", status: "failed", tags: [], system_tags: [], last_update: DAY(3), comment: "an alpha one" },
  { id: "h", name: "hidden", status: "created", tags: ["x"], system_tags: ["hidden"], last_update: DAY(4) },
];

const lr = (value: string): object => ({ Args: { "opt.lr": { section: "Args", name: "opt.lr", value } } });

/** The ids that a request finds, in its order. */
function found(body: Body): string {
  const ids = queryDocuments(db, TASK, TASK_FILTERS, body).documents.map((task) => task["id"]);
  if (!("page" in body || "page_size" in body || "scroll_id" in body))
    expect(countDocuments(db, TASK, TASK_FILTERS, body)).to.equal(ids.length);
  return ids.join("");
}

function refused(body: Body): number {
  try {
    found(body);
  } catch (error) {
    return (error as ApiFault).subcode;
  }
  return 0;
}

describe("the query grammar", () => {
  before(async () => {
    db = new Database(join(await temporaryFolder(), "store.db"), { readonly: false });
    migrate(db);
    const more: Record<string, object> = {
      a: { hyperparams: lr("10"), runtime: { n: 1 } },
      b: { hyperparams: lr("9") },
      c: { runtime: { n: "x" } },
    };
    for (const task of TASKS) insertDocument(db, TASK, { ...task, ...more[task.id] });
  });

  after(() => db.close());

  it("finds everything that is not hidden, in the order of its making", () => {
    expect(found({})).to.equal("abc");
    expect(found({ search_hidden: true })).to.equal("abch");
    expect(found({ id: ["h"] })).to.equal("h");
    expect(found({ unknown_key: 1, id: [], status: null })).to.equal("abc");
  });

  it("takes any of a list by default, a single value too, and not what begins with a minus", () => {
    expect(found({ status: ["created", "failed"] })).to.equal("ac");
    expect(found({ status: "queued" })).to.equal("b");
    expect(found({ tags: ["x", "y"] })).to.equal("ab");
    expect(found({ tags: ["-x"] })).to.equal("bc");
    expect(found({ tags: ["y", "-x"] })).to.equal("b");
  });

  it("knows the operators of lists", () => {
    expect(found({ tags: ["__$all", "x", "y"] })).to.equal("a");
    expect(found({ tags: ["__$and", "x", "__$not", "y"] })).to.equal("");
    expect(found({ tags: ["__$or", "x", "__$not", "y"] })).to.equal("ac");
    expect(found({ tags: ["__$not", "x"] })).to.equal("bc");
    expect(found({ system_tags: ["__$not", "archived"] })).to.equal("ac");
    expect(found({ tags: [null] })).to.equal("c");
    expect(found({ tags: [null, "x"] })).to.equal("ac");
    expect(found({ tags: ["__$not", null] })).to.equal("c");
  });

  it("refuses operators that it does not know, and one without a value", () => {
    expect(refused({ tags: ["__$xor", "x"] })).to.equal(16);
    expect(refused({ tags: ["x", "__$not"] })).to.equal(16);
  });

  it("knows the newer form, which counts before the older one", () => {
    expect(found({ filters: { tags: { any: { include: ["x", "y"] } } } })).to.equal("ab");
    expect(found({ filters: { tags: { all: { include: ["x", "y"] } } } })).to.equal("a");
    expect(found({ filters: { tags: { any: { exclude: ["x"] } } } })).to.equal("bc");
    expect(found({ filters: { tags: { any: { include: ["y"] }, all: { exclude: ["x"] } } } })).to.equal("b");
    expect(found({ tags: ["nothing"], filters: { tags: { any: { include: ["x"] } } } })).to.equal("a");
  });

  it("matches names by pattern, anywhere in them", () => {
    expect(found({ name: "run$" })).to.equal("a");
    expect(found({ name: "(?i)run$" })).to.equal("ab");
    expect(found({ _any_: { fields: ["name"], pattern: "(?i)RUN" } })).to.equal("ab");
    expect(found({ name: "^beta\\ RUN" })).to.equal("b");
    expect(found({ name: "^beta\\ RUN$" })).to.equal("b");
    expect(found({ name: "^beta$" })).to.equal("");
    expect(refused({ name: "(" })).to.equal(21);
    expect(refused({ name: 5 })).to.equal(0);
  });

  it("looks for a text through several fields, whatever its case", () => {
    expect(found({ search_text: "ALPHA" })).to.equal("ac");
    expect(found({ search_text: "" })).to.equal("abc");
    expect(found({ search_text: "100%_" })).to.equal("");
    expect(found({ search_text: "alph" })).to.equal("");
    expect(found({ _any_: { fields: ["name", "comment"], pattern: "alpha" } })).to.equal("ac");
    expect(found({ _all_: { fields: ["name", "comment"], pattern: "a" } })).to.equal("c");
    expect(refused({ _any_: { fields: ["name"] } })).to.equal(16);
  });

  it("finds by their words also what was stored before there was a word index", async () => {
    using old = new Closing(join(await temporaryFolder(), "old.db"));
    migrate(old, 1);
    old.run("INSERT INTO tasks (id, name, models, script) VALUES ('o', 'ancient task', '{}', '{\"repository\":\"some_repo\"}')");
    migrate(old);
    for (const search_text of ["ancient", "some_repo"])
      expect(countDocuments(old, TASK, TASK_FILTERS, { search_text }), search_text).to.equal(1);
  });

  it("compares dates, in any form in which they are written", () => {
    expect(found({ last_update: `>=${DAY(2)}` })).to.equal("bc");
    expect(found({ last_update: [">2026-01-01T00:00:00", "<2026-01-03 00:00:00"] })).to.equal("b");
    expect(found({ last_update: "2026-01-02T01:00:00+01:00" })).to.equal("b");
    expect(found({ last_update: [DAY(1), DAY(2)] })).to.equal("ab");
    expect(found({ last_update: "<2026-01-02" })).to.equal("a");
    expect(found({ _any_: { fields: ["last_update", "last_change"], datetime: [">2026-01-02T12:00:00"] } })).to.equal("c");
  });

  it("is no condition where a date is asked for with no date", () => {
    expect(found({ _any_: { fields: ["last_update"], datetime: [] } })).to.equal("abc");
  });

  it("takes ranges, open at either end; a range without begin also takes what is missing", () => {
    expect(found({ last_iteration: [5, 50] })).to.equal("ab");
    expect(found({ last_iteration: [6, null] })).to.equal("b");
    expect(found({ last_iteration: [null, 6] })).to.equal("ac");
    expect(refused({ last_iteration: [1] })).to.equal(12);
  });

  it("filters and orders by parameters whose names contain dots, as numbers", () => {
    expect(found({ "hyperparams.Args.opt%2Elr.value": ["9"] })).to.equal("b");
    expect(found({ order_by: ["hyperparams.Args.opt%2Elr.value"] })).to.equal("bac");
    expect(found({ "runtime.n": 1 })).to.equal("a");
    expect(found({ "runtime.n": "x" })).to.equal("c");
  });

  it("orders, missing values last, also when descending", () => {
    expect(found({ order_by: ["-last_update"] })).to.equal("cba");
    expect(found({ order_by: ["last_iteration"] })).to.equal("abc");
    expect(found({ order_by: ["-last_iteration"] })).to.equal("bac");
    expect(refused({ order_by: ["@text_score"] })).to.equal(16);
    expect(refused({ order_by: ["no_such_field"] })).to.equal(14);
  });

  it("lets no name out of its place in the query", () => {
    for (const name of ["id; DROP TABLE tasks", "runtime.x') OR 1=1 --", 'runtime.x" \\', "id) --"]) refused({ order_by: [name] });
    expect(found({ "runtime.x') OR ('1'='1": "y" })).to.equal("");
    expect(found({ name: "'; DROP TABLE tasks; --" })).to.equal("");
    expect(found({})).to.equal("abc");
  });

  it("gives pages, and refuses a page without a size", () => {
    expect(found({ page: 0, page_size: 2 })).to.equal("ab");
    expect(found({ page: 1, page_size: 2 })).to.equal("c");
    expect(refused({ page: 1, page_size: null })).to.equal(11);
    expect(refused({ page_size: 0 })).to.equal(12);
  });

  it("scrolls to the end", () => {
    const first = queryDocuments(db, TASK, TASK_FILTERS, { scroll_id: null, size: 2 });
    const second = queryDocuments(db, TASK, TASK_FILTERS, { scroll_id: first.scrollId, size: 2 });
    const third = queryDocuments(db, TASK, TASK_FILTERS, { scroll_id: second.scrollId, size: 2 });
    expect([first, second, third].map((result) => result.documents.length)).to.deep.equal([2, 1, 0]);
    expect(found({ scroll_id: second.scrollId, size: 2, refresh_scroll: true })).to.equal("abc");
    expect(refused({ scroll_id: null })).to.equal(12);
    expect(found({ scroll_id: "x", size: 1 })).to.equal("a");
  });

  it("shows only what is asked for", () => {
    const shown = (only: string[]): unknown => queryDocuments(db, TASK, TASK_FILTERS, { id: ["a"], only_fields: only }).documents[0];
    expect(shown(["name", "runtime.n"])).to.deep.equal({ name: "Alpha run", runtime: { n: 1 } });
    expect(shown(["hyperparams.Args.opt%2Elr.value"])).to.deep.equal({ hyperparams: { Args: { "opt.lr": { value: "10" } } } });
    expect(shown(["-name", "-runtime"]))
      .to.include.all.keys("id", "status", "tags")
      .and.to.not.have.any.keys("name", "runtime");
    expect(refused({ only_fields: ["no_such_field"] })).to.equal(14);
  });
});

class Closing extends Database {
  constructor(path: string) {
    super(path, { readonly: false });
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
