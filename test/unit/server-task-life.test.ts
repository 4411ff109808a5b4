import { expect } from "chai";
import type { Body, Call } from "../../server/endpoint.ts";
import { ENDPOINTS } from "../../server/services/endpoints.ts";
import { stateOf } from "../../server/services/statuses.ts";
import { Database } from "../../server/store/database.ts";
import { findDocument, insertDocument } from "../../server/store/documents.ts";
import { TASK } from "../../server/store/kinds.ts";
import { migrate } from "../../server/store/schema.ts";

const NOW_MS = Date.UTC(2026, 0, 1, 12);
const AT = (secondsAgo: number): string => `${new Date(NOW_MS - secondsAgo * 1000).toISOString().slice(0, -1)}000+00:00`;

let db: Database;
let count = 0;

function call(): Call {
  const caller = { user: "u", userName: "Ursula", company: "c", role: "admin" };
  return { db, caller, worker: "w", ip: "127.0.0.1", version: 2.3, nowMs: NOW_MS, effects: { queues: new Set(), tasks: new Set() } };
}

function ask(endpoint: string, body: Body): Record<string, unknown> {
  return ENDPOINTS.get(endpoint)?.handle(call(), body, []) as Record<string, unknown>;
}

function taskIn(status: string, more: object = {}): string {
  const id = `t${++count}`;
  insertDocument(db, TASK, { id, name: "a task", status, company: "c", system_tags: [], last_update: AT(5), ...more });
  return id;
}

const endOf = (id: string): unknown[] => {
  const { status, status_reason: reason, status_message: message } = stateOf(call(), id);
  return [status, reason, message];
};

describe("tasks.stop", () => {
  before(() => {
    db = new Database(":memory:", { readonly: false });
    migrate(db);
  });

  after(() => db.close());

  it("asks a live agent, and ends a task that has none", () => {
    const asked = taskIn("in_progress", { last_worker: "w" });
    ask("tasks.stop", { task: asked, status_reason: "abort request", status_message: "ignored" });
    expect(endOf(asked)).to.deep.equal(["in_progress", "abort request", "stopping"]);
    for (const more of [{}, { last_worker: "w", last_update: AT(601) }, { last_worker: "w", system_tags: ["development"] }]) {
      const ended = taskIn("in_progress", more);
      ask("tasks.stop", { task: ended, status_reason: "why", status_message: "ignored" });
      expect(endOf(ended)).to.deep.equal(["stopped", "why", "Stopped by Ursula"]);
    }
  });

  it("takes a waiting task out of its queue", () => {
    const { id: queue } = ask("queues.create", { name: "a queue" });
    const id = taskIn("created");
    ask("tasks.enqueue", { task: id, queue });
    ask("tasks.stop", { task: id });
    expect(endOf(id)[0]).to.equal("stopped");
    expect(ask("queues.get_num_entries", { queue })).to.deep.equal({ num: 0 });
  });

  it("leaves the reason why a task ended", () => {
    for (const status of ["completed", "failed", "stopped", "closed", "published"]) {
      const id = taskIn(status, { last_worker: "w", status_reason: "failed/exit-code", status_message: "exit code 7" });
      ask("tasks.stop", { task: id, status_reason: "stopped from the command line" });
      expect(endOf(id)).to.deep.equal([status, "failed/exit-code", "stopping"]);
    }
  });

  it("is refused for a task that completed long ago", () => {
    const id = taskIn("completed", { last_worker: "w", last_update: AT(3600), status_reason: "completed" });
    expect(() => ask("tasks.stop", { task: id })).to.throw("Invalid task status");
    expect(endOf(id)).to.deep.equal(["completed", "completed", undefined]);
  });
});

describe("the watch on silent tasks", () => {
  before(() => {
    db = new Database(":memory:", { readonly: false });
    migrate(db);
  });

  after(() => db.close());

  const silent = (sinceSecondsAgo: number): unknown =>
    ask("internal.stop_silent", { silent_ms: 60_000, since_ms: NOW_MS - sinceSecondsAgo * 1000 })["stopped"];

  it("counts from the server's start at the earliest", () => {
    const { id: project } = ask("projects.create", { name: "a project" });
    db.run("UPDATE projects SET last_update = ?", AT(3600));
    const [quiet, loud] = [taskIn("in_progress", { last_update: AT(3600), project }), taskIn("in_progress", { last_update: AT(5) })];
    taskIn("queued", { last_update: AT(3600) });
    expect(silent(59)).to.deep.equal([]);
    expect(silent(61)).to.deep.equal([quiet]);
    expect(endOf(quiet)).to.deep.equal(["stopped", "Forced stop (non-responsive)", "Forced stop (non-responsive)"]);
    expect(findDocument(db, TASK, quiet))
      .to.include({ last_update: AT(0), last_changed_by: "u" })
      .and.to.not.have.property("completed");
    expect(db.get("SELECT last_update FROM projects WHERE id = ?", String(project))).to.deep.equal({ last_update: AT(0) });
    expect(endOf(loud)[0]).to.equal("in_progress");
  });
});

describe("tasks that an older version stored in another shape", () => {
  before(() => {
    db = new Database(":memory:", { readonly: false });
    migrate(db);
  });

  after(() => db.close());

  it("can be reset, cloned, published and deleted", () => {
    const odd = {
      models: { input: 1, output: "x" },
      execution: { artifacts: "x" },
      configuration: {},
      hyperparams: {},
      output: {},
      tags: [],
    };
    for (const endpoint of ["tasks.reset", "tasks.clone", "tasks.get_by_id", "tasks.publish", "tasks.delete"]) {
      const id = taskIn("stopped", { type: "training", ...odd });
      ask(endpoint, { task: id, force: true, return_file_urls: true });
    }
  });
});
