import { join } from "node:path";
import { expect } from "chai";
import type { ApiFault } from "../../server/api-fault.ts";
import type { Call } from "../../server/endpoint.ts";
import { changeStatus, stateOf } from "../../server/services/statuses.ts";
import { Database } from "../../server/store/database.ts";
import { insertDocument } from "../../server/store/documents.ts";
import { TASK } from "../../server/store/kinds.ts";
import { migrate } from "../../server/store/schema.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";

/** The legal steps (clearml-api.md 3.1). */
const LEGAL = {
  created: "queued in_progress",
  queued: "created in_progress stopped",
  in_progress: "stopped failed created completed",
  stopped: "closed created failed queued in_progress published publishing completed",
  closed: "created failed published publishing stopped",
  failed: "created stopped published queued",
  completed: "published in_progress created",
  publishing: "published",
  published: "",
};

let db: Database;

function call(): Call {
  const caller = { user: "u", userName: "U", company: "c", role: "admin" };
  return {
    db,
    caller,
    worker: "w",
    ip: "127.0.0.1",
    version: 2.3,
    nowMs: Date.UTC(2026, 0, 1),
    effects: { queues: new Set(), tasks: new Set() },
  };
}

function taskIn(status: string, more: object = {}): string {
  const id = `${status}-${Math.random()}`;
  insertDocument(db, TASK, { id, status, company: "c", system_tags: [], ...more });
  return id;
}

/** Whether a step is taken; false for 400/110. */
function steps(from: string, to: string, force = false): boolean {
  try {
    changeStatus(call(), { task: taskIn(from), to, force });
    return true;
  } catch (error) {
    expect(error as ApiFault).to.include({ code: 400, subcode: 110 });
    return false;
  }
}

describe("the states of a task", () => {
  before(async () => {
    db = new Database(join(await temporaryFolder(), "store.db"), { readonly: false });
    migrate(db);
  });

  after(() => db.close());

  for (const [from, legal] of Object.entries(LEGAL))
    it(`lead from ${from} to ${legal === "" ? "nowhere" : legal.replaceAll(" ", ", ")}, and with force anywhere`, () => {
      const others = Object.keys(LEGAL).filter((to) => to !== from);
      expect(others.filter((to) => steps(from, to))).to.have.members(legal.split(" ").filter((to) => to !== ""));
      expect(steps(from, from)).to.equal(true);
      expect(others.every((to) => steps(from, to, true))).to.equal(true);
    });

  it("change with the time, the texts and who did it; texts that are not given are cleared", () => {
    const id = taskIn("queued", { status_reason: "old", status_message: "old" });
    const change = call();
    const { updated, fields } = changeStatus(change, {
      task: id,
      to: "in_progress",
      reason: "new",
      changes: { started: "now", published: null },
      unshown: { completed: null },
    });
    expect(updated).to.equal(1);
    expect(fields).to.include({
      status: "in_progress",
      status_reason: "new",
      status_message: "",
      last_changed_by: "u",
      started: "now",
      published: null,
    });
    expect(fields).to.not.have.property("completed");
    expect(stateOf(change, id)).to.include({ status: "in_progress", status_reason: "new", status_message: "", started: "now" });
    expect([...change.effects.tasks]).to.deep.equal([id]);
  });

  it("lose the mark of development when the task is queued", () => {
    const id = taskIn("created", { system_tags: ["development", "other"] });
    changeStatus(call(), { task: id, to: "queued" });
    expect(stateOf(call(), id)["system_tags"]).to.deep.equal(["other"]);
  });

  it("are not changed for a task that is not there or belongs to everybody", async () => {
    expect(await failureOf(() => changeStatus(call(), { task: "absent", to: "queued" }))).to.include({ code: 400, subcode: 101 });
    const id = taskIn("created", { company: "" });
    expect(await failureOf(() => changeStatus(call(), { task: id, to: "queued" }))).to.include({ code: 403, subcode: 21 });
  });
});
