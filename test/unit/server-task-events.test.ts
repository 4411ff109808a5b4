import { expect } from "chai";
import type { Body, Call } from "../../server/endpoint.ts";
import { ENDPOINTS } from "../../server/services/endpoints.ts";
import { addEvents } from "../../server/services/event-writing.ts";
import { Database } from "../../server/store/database.ts";
import { insertDocument } from "../../server/store/documents.ts";
import { TASK } from "../../server/store/kinds.ts";
import { migrate } from "../../server/store/schema.ts";

let db: Database;

function call(): Call {
  const caller = { user: "u", userName: "U", company: "c", role: "admin" };
  return { db, caller, worker: "w", ip: "127.0.0.1", version: 2.3, nowMs: Date.now(), effects: { queues: new Set(), tasks: new Set() } };
}

interface Page {
  readonly events: { type: string; metric: string; variant: string; iter?: number; msg?: string }[];
  readonly returned: number;
  readonly total: number;
  readonly scroll_id: string;
}

const pageOf = (body: Body): Page => ENDPOINTS.get("events.get_task_events")?.handle(call(), body, []) as unknown as Page;

/** Every page, as the official SDK reads: until it has as many as were promised. */
function pages(body: Body): Page["events"][] {
  const read: Page["events"][] = [];
  for (let scroll: string | undefined; ; ) {
    const page = pageOf({ ...body, ...(scroll === undefined ? {} : { scroll_id: scroll }) });
    expect(page.returned).to.equal(page.events.length);
    if (page.events.length === 0) {
      expect(read.flat().length).to.equal(page.total);
      return read;
    }
    read.push(page.events);
    scroll = page.scroll_id;
  }
}

const scalar = (variant: string, iter: number): object => ({
  type: "training_stats_scalar",
  task: "t",
  metric: "m",
  variant,
  iter,
  value: iter,
});

describe("the events of a task, by pages", () => {
  before(() => {
    db = new Database(":memory:", { readonly: false });
    migrate(db);
    insertDocument(db, TASK, { id: "t", name: "a task", status: "created", company: "c" });
    const events = [
      ...Array.from({ length: 20 }, (_, n) => scalar("every", n)),
      ...Array.from({ length: 7 }, (_, n) => scalar("third", n * 3)),
      ...Array.from({ length: 3 }, (_, n) => scalar("far", n * 1e9)),
      ...[0, 0, 5, 30].map((iter, n) => ({
        type: "training_debug_image",
        task: "t",
        metric: "i",
        variant: `v${n}`,
        iter,
        key: "k",
        url: "u",
      })),
      { type: "plot", task: "t", metric: "p", variant: "without", plot_str: "{}" },
      ...[3, 1, 2].map((timestamp) => ({ type: "log", task: "t", msg: `line ${timestamp}`, timestamp })),
    ];
    addEvents(call(), events as Body[]);
  });

  after(() => db.close());

  it("come by iteration, each once, with all that share the last iteration of a page", () => {
    for (const size of [1, 2, 5, 7, 500])
      for (const order of ["asc", "desc"]) {
        const read = pages({ task: "t", batch_size: size, order, event_type: "training_stats_scalar" });
        const iterations = read.flat().map((event) => Number(event.iter));
        const sorted = iterations.toSorted((a, b) => (order === "asc" ? a - b : b - a));
        expect(iterations, `${size} ${order}`).to.deep.equal(sorted);
        expect(new Set(read.flat().map((event) => `${event.variant} ${event.iter}`)).size).to.equal(30);
        for (const [n, page] of read.entries()) if (n > 0) expect(page[0]?.iter).to.not.equal(read[n - 1]?.at(-1)?.iter);
      }
  });

  it("go on after a page that ended with iteration 0", () => {
    const [first, second] = pages({ task: "t", batch_size: 1 });
    expect(new Set(first?.map((event) => event.iter ?? 0))).to.deep.equal(new Set([0]));
    expect(second?.[0]?.iter).to.equal(1);
  });

  it("are of all types, the console last and by time, or of one", () => {
    for (const size of [1, 4, 500]) {
      const all = pages({ task: "t", batch_size: size }).flat();
      expect(all.length).to.equal(38);
      expect(all.slice(-3).map((event) => event.msg)).to.deep.equal(["line 1", "line 2", "line 3"]);
    }
    expect(
      pages({ task: "t", event_type: "plot" })
        .flat()
        .map((event) => event.variant),
    ).to.deep.equal(["without"]);
    expect(pages({ task: "t", event_type: "training_debug_image", batch_size: 1 }).length).to.equal(3);
    expect(pages({ task: "t", event_type: "log", batch_size: 2 }).length).to.equal(2);
  });

  it("are of the asked curves only", () => {
    const metrics = [{ metric: "m", variants: ["third"] }, { metric: "i" }];
    const all = pages({ task: "t", batch_size: 2, metrics }).flat();
    expect(all.length).to.equal(11);
    expect(new Set(all.map((event) => event.metric))).to.deep.equal(new Set(["m", "i"]));
  });

  it("cost what a page holds, not what the task has", () => {
    insertDocument(db, TASK, { id: "big", name: "a task", status: "created", company: "c" });
    for (let n = 0; n < 200_000; n += 20_000)
      addEvents(call(), Array.from({ length: 20_000 }, (_, i) => ({ ...scalar(`v${(n + i) % 10}`, n + i), task: "big" })) as Body[]);
    const first = pageOf({ task: "big", batch_size: 10 });
    expect(first.total).to.equal(200_000);
    const begin = performance.now();
    let scroll = first.scroll_id;
    for (let n = 0; n < 50; n++) scroll = pageOf({ task: "big", batch_size: 10, scroll_id: scroll }).scroll_id;
    expect(performance.now() - begin).to.be.lessThan(1000);
  });
});
