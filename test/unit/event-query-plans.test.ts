import { expect } from "chai";
import type { Body, Call } from "../../server/endpoint.ts";
import { addEvents } from "../../server/services/event-writing.ts";
import { EVENT_ENDPOINTS } from "../../server/services/events.ts";
import { Database, type Row, type SqlParameter } from "../../server/store/database.ts";
import { insertDocument } from "../../server/store/documents.ts";
import { TASK } from "../../server/store/kinds.ts";
import { migrate } from "../../server/store/schema.ts";

/** A database that remembers what it was asked. */
class Asked extends Database {
  readonly queries = new Map<string, SqlParameter[]>();

  override all<T = Row>(sql: string, ...values: SqlParameter[]): T[] {
    this.queries.set(sql, values);
    return super.all<T>(sql, ...values);
  }

  override get<T = Row>(sql: string, ...values: SqlParameter[]): T | undefined {
    this.queries.set(sql, values);
    return super.get<T>(sql, ...values);
  }

  override *rows(sql: string, ...values: SqlParameter[]): Generator<unknown[]> {
    this.queries.set(sql, values);
    yield* super.rows(sql, ...values);
  }

  override run(sql: string, ...values: SqlParameter[]): number {
    this.queries.set(sql, values);
    return super.run(sql, ...values);
  }

  /** The steps of each query's plan that read a table of events from end to end. */
  scans(): string[] {
    return [...this.queries].flatMap(([sql, values]) => {
      const steps = super.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, ...values).map((step) => step.detail);
      return steps
        .filter((step) => /^SCAN (log_events|points|series|other_events|tasks|models|event_owners|event_scrolls)\b/.test(step))
        .map((step) => `${step}: ${sql}`);
    });
  }
}

const metric = { metric: "m" };
const READS: [string, Body][] = [
  ["get_task_log", { task: "t" }],
  ["get_task_log", { task: "t", from_timestamp: 5, navigate_earlier: false }],
  ["get_task_log", { task: "t", metrics: [metric] }],
  ["download_task_log", { task: "t" }],
  ["get_task_events", { task: "t", batch_size: 3 }],
  ["get_task_events", { task: "t", batch_size: 3, order: "desc", metrics: [metric] }],
  ["get_task_plots", { task: "t" }],
  ["get_multi_task_plots", { tasks: ["t"] }],
  ["plots", { metrics: [{ task: "t" }] }],
  ["debug_images", { metrics: [{ task: "t" }] }],
  ["get_debug_image_sample", { task: "t", metric: "m", variant: "v" }],
  ["get_plot_sample", { task: "t", metric: "m" }],
  ["get_task_metrics", { tasks: ["t"], event_type: "*" }],
  ["get_multi_task_metrics", { tasks: ["t"] }],
  ["get_scalar_metrics_and_variants", { task: "t" }],
  ["vector_metrics_iter_histogram", { task: "t", metric: "m", variant: "v" }],
  ["scalar_metrics_iter_histogram", { task: "t", samples: 2 }],
  ["scalar_metrics_iter_histogram", { task: "t", key: "timestamp" }],
  ["multi_task_scalar_metrics_iter_histogram", { tasks: ["t"] }],
  ["scalar_metrics_iter_raw", { task: "t", metric, batch_size: 2, count_total: true }],
  ["scalar_metrics_iter_raw", { task: "t", metric, batch_size: 2, key: "timestamp" }],
  ["get_scalar_metric_data", { task: "t", metric: "m" }],
  ["get_task_single_value_metrics", { tasks: ["t"] }],
  ["get_task_latest_scalar_values", { task: "t" }],
  ["delete_for_task", { task: "t" }],
  ["clear_task_log", { task: "t", threshold_sec: 1 }],
];

describe("the queries of events", () => {
  let db: Asked;

  const call = (): Call => ({
    ...{ db, worker: "w", ip: "", version: 2.34, nowMs: 1_700_000_000_000 },
    caller: { user: "u", userName: "U", company: "c", role: "admin" },
    effects: { queues: new Set(), tasks: new Set() },
  });
  const ask = (name: string, body: Body): object =>
    EVENT_ENDPOINTS.find((endpoint) => endpoint.name === name)?.handle(call(), body, []) as object;

  beforeEach(() => {
    db = new Asked(":memory:", { readonly: false });
    migrate(db);
    insertDocument(db, TASK, { id: "t", name: "a task", status: "created", company: "c" });
    const events = ["training_stats_scalar", "plot", "training_debug_image", "training_stats_vector", "log"].flatMap((type) =>
      Array.from({ length: 20 }, (_, n) => ({
        type,
        task: "t",
        metric: "m",
        variant: "v",
        iter: n,
        value: n,
        url: `u${n}`,
        plot_str: "{}",
        msg: "x",
        timestamp: n,
      })),
    );
    addEvents(call(), events as Body[]);
  });

  afterEach(() => db.close());

  for (const [name, body] of READS)
    it(`events.${name} ${JSON.stringify(body)} goes by an index`, () => {
      db.queries.clear();
      ask(`events.${name}`, body);
      expect(db.queries.size).to.be.greaterThan(0);
      expect(db.scans()).to.deep.equal([]);
    });

  it("of writing go by an index", () => {
    db.queries.clear();
    addEvents(call(), [{ type: "training_stats_scalar", task: "t", metric: "new", variant: "v", iter: 1, value: 1 }]);
    expect(db.queries.size).to.be.greaterThan(3);
    expect(db.scans()).to.deep.equal([]);
  });

  it("of clean-ups go by an index, except that the oldest rows are the first ones of their table", () => {
    db.queries.clear();
    ask("internal.expire_events", { before: 1_800_000_000_000 });
    ask("internal.expire_events", { before: 1_600_000_000_000 });
    ask("internal.forget_events", { id: "t" });
    ask("internal.sweep_events", {});
    ask("internal.clear_log", { owner: 1, before: 5, last: 100, included: [], excluded: [], after: [0, 0] });
    const scans = db.scans().filter((scan) => !scan.includes("ORDER BY seq LIMIT"));
    expect(scans).to.deep.equal([]);
  });
});

describe("the clean-up of events", () => {
  let db: Asked;
  beforeEach(() => {
    db = new Asked(":memory:", { readonly: false });
    migrate(db);
    insertDocument(db, TASK, { id: "t", name: "a task", status: "created", company: "c" });
  });
  afterEach(() => db.close());

  const at = (nowMs: number): Call => ({
    ...{ db, worker: "w", ip: "", version: 2.34, nowMs, caller: { user: "u", userName: "U", company: "c", role: "admin" } },
    effects: { queues: new Set(), tasks: new Set() },
  });
  const types = ["log", "training_stats_scalar", "plot"];
  const add = (nowMs: number, from: number, count: number): void => {
    const numbers = Array.from({ length: count }, (_, n) => from + n);
    addEvents(
      at(nowMs),
      numbers.flatMap((iter) => types.map((type) => ({ type, task: "t", metric: "m", variant: "v", iter, value: 1, msg: "x" }))),
    );
  };
  const left = (): number[] =>
    ["log_events", "points", "other_events", "series"].map((table) => db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0);
  const slices = (name: string, body: Body): number => {
    for (let count = 0; ; count++) {
      const [deleted] = EVENT_ENDPOINTS.filter((one) => one.name === name).map(
        (one) => (one.handle(at(0), body, []) as { deleted: number }).deleted,
      );
      if (deleted === 0) return count;
    }
  };

  it("takes what was written before a time, in slices, and leaves the rest", () => {
    add(1000, 0, 4500);
    add(2000, 4500, 100);
    expect(slices("internal.expire_events", { before: 1000 })).to.equal(0);
    expect(slices("internal.expire_events", { before: 1500 })).to.be.greaterThan(6);
    expect(left()).to.deep.equal([100, 100, 100, 1]);
    expect(slices("internal.expire_events", { before: 1500 })).to.equal(0);
    slices("internal.expire_events", { before: 3000 });
    expect(left()).to.deep.equal([0, 0, 0, 0]);
  });

  it("takes the events that nobody owns, in slices, and no others", () => {
    insertDocument(db, TASK, { id: "o", name: "another", status: "created", company: "c" });
    addEvents(at(1), [{ type: "log", task: "o", msg: "x" }]);
    add(1, 0, 4500);
    EVENT_ENDPOINTS.find((endpoint) => endpoint.name === "internal.forget_events")?.handle(at(0), { id: "t" }, []);
    add(1, 0, 3);
    expect(slices("internal.sweep_events", {})).to.be.greaterThan(6);
    expect(left()).to.deep.equal([4, 3, 3, 1]);
  });
});
