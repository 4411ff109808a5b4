import { join } from "node:path";
import { expect } from "chai";
import type { Call, Endpoint } from "../../server/endpoint.ts";
import { append, move, pop, removeEverywhere } from "../../server/services/queue-entries.ts";
import { THINNING_ENDPOINTS } from "../../server/services/thinning.ts";
import { Database } from "../../server/store/database.ts";
import { migrate } from "../../server/store/schema.ts";
import { temporaryFolder } from "../support/folder.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 1);

describe("the figures of queues and workers", () => {
  let db: Database;
  const callAt = (nowMs: number): Call => ({
    db,
    caller: { user: "u", userName: "u", company: "c", role: "user" },
    worker: "w",
    ip: "",
    version: 2.34,
    nowMs,
    effects: { queues: new Set(), tasks: new Set() },
  });
  const thinAll = (nowMs: number): number => {
    for (let steps = 1; ; steps++) {
      const { more } = (THINNING_ENDPOINTS[0] as Endpoint).handle(callAt(nowMs), {}, []) as { more: boolean };
      if (!more) return steps;
    }
  };

  beforeEach(async () => {
    db = new Database(join(await temporaryFolder(), "test.db"), { readonly: false });
    migrate(db);
    db.run("INSERT INTO queues (id, name, company) VALUES ('q', 'q', 'c')");
  });
  afterEach(() => db.close());

  it("keep of an older minute the point with the longest waiting, and nothing after 30 days", () => {
    const first = (NOW_MS - DAY_MS) / 1000;
    for (let n = 0; n < 180; n++) db.run("INSERT INTO queue_points VALUES ('q', ?, ?, 1)", first + n, n % 60 === 17 ? 99 : n);
    db.run("INSERT INTO queue_points VALUES ('q', ?, 1, 1)", (NOW_MS - 31 * DAY_MS) / 1000);
    for (let n = 1; n <= 5; n++) db.run("INSERT INTO queue_points VALUES ('q', ?, 1, 1)", NOW_MS / 1000 - n);
    thinAll(NOW_MS);
    const left = db
      .all<{ at: number }>("SELECT at FROM queue_points WHERE at < ? ORDER BY at", NOW_MS / 1000 - 10)
      .map(({ at }) => at - first);
    expect(left).to.deep.equal([17, 119, 179]);
    expect(db.get<{ n: number }>("SELECT count(*) AS n FROM queue_points")?.n).to.equal(8);
  });

  it("keep of ten older minutes one report of each worker, and leave what comes late with an early time", () => {
    const add = (worker: string, at: number): number =>
      db.run("INSERT INTO worker_points (company, worker, at, stats) VALUES ('c', ?, ?, '{}')", worker, at);
    const first = NOW_MS - 2 * DAY_MS;
    for (const worker of ["a", "b"]) for (let n = 0; n < 40; n++) add(worker, first + n * 30_000);
    for (let n = 1; n < 10; n++) add("a", NOW_MS - n * 30_000);
    const count = (): number | undefined => db.get<{ n: number }>("SELECT count(*) AS n FROM worker_points")?.n;
    thinAll(NOW_MS);
    expect(count()).to.equal(2 * 2 + 9);
    for (let n = 0; n < 5; n++) add("late", first + n);
    expect(thinAll(NOW_MS)).to.equal(1);
    expect(count()).to.equal(2 * 2 + 9 + 5);
  });

  it("go on for a queue that nothing happens to", () => {
    for (const minutes of [0, 1, 4, 6, 20]) thinAll(NOW_MS + minutes * 60_000);
    const points = db.all<{ at: number }>("SELECT at FROM queue_points").map(({ at }) => (at - NOW_MS / 1000) / 60);
    expect(points).to.deep.equal([0, 6, 20]);
  });

  it("agree with the entries, whatever moves them", () => {
    const call = callAt(NOW_MS);
    for (const task of ["a", "b", "c", "d"]) append(callAt(NOW_MS - 4000), "q", task);
    move(call, "q", "d", () => 1);
    pop(call, "q", undefined);
    removeEverywhere(call, "c");
    const { waiting, length } = db.get<{ waiting: number; length: number }>("SELECT * FROM queue_points ORDER BY at DESC") ?? {};
    expect({ waiting, length }).to.deep.equal({ waiting: 4, length: 4 });
    expect(db.get("SELECT * FROM queue_totals")).to.include({ entries: 2, added_ms: 2 * (NOW_MS - 4000) });
    db.run("DELETE FROM queue_entries WHERE queue = 'q'");
    expect(db.get("SELECT * FROM queue_totals")).to.include({ entries: 0, added_ms: 0 });
  });
});
