import { expect } from "chai";
import { EmbeddedServer, type Reply } from "../support/embedded-server.ts";

describe("events as a console and as raw events", () => {
  let server: EmbeddedServer;

  before(async () => {
    server = await EmbeddedServer.start();
  });

  after(() => server[Symbol.asyncDispose]());

  const messages = (reply: Reply["data"]): string[] => reply.events.map((event: { msg: string }) => event.msg);
  /** A task whose console has m1 … mN, a second apart. */
  async function console(count: number, more: (n: number) => object = () => ({})): Promise<string> {
    const task = await server.task();
    const lines = Array.from({ length: count }, (_, n) => ({
      type: "log",
      task,
      msg: `m${n + 1}`,
      level: "info",
      timestamp: 1000 * (n + 1),
      ...more(n),
    }));
    await server.lines(lines);
    return task;
  }

  describe("events.get_task_log", () => {
    it("gives the newest first, or the oldest, and goes on behind a timestamp", async () => {
      const task = await console(5);
      const ask = async (more: object): Promise<string[]> => messages(await server.ask("events.get_task_log", { task, ...more }));
      expect(await ask({})).to.deep.equal(["m5", "m4", "m3", "m2", "m1"]);
      expect(await ask({ batch_size: 2, order: "asc" })).to.deep.equal(["m4", "m5"]);
      expect(await ask({ batch_size: 2, navigate_earlier: false })).to.deep.equal(["m1", "m2"]);
      expect(await ask({ batch_size: 2, from_timestamp: 4000 })).to.deep.equal(["m3", "m2"]);
      expect(await ask({ navigate_earlier: false, from_timestamp: 4000 })).to.deep.equal(["m5"]);
      expect(await ask({ navigate_earlier: false, from_timestamp: 0, batch_size: 1 })).to.deep.equal(["m1"]);
      expect(await server.ask("events.get_task_log", { task, from_timestamp: 1000 })).to.deep.equal({ events: [], returned: 0, total: 5 });
    });

    it("gives all lines that share the last timestamp", async () => {
      const task = await console(4, (n) => ({ timestamp: n < 1 ? 1 : 2 }));
      const reply = await server.ask("events.get_task_log", { task, batch_size: 2, navigate_earlier: false });
      expect([messages(reply), reply.returned]).to.deep.equal([["m1", "m2", "m3", "m4"], 4]);
      expect(messages(await server.ask("events.get_task_log", { task, batch_size: 0 }))).to.deep.equal([]);
    });

    it("gives the lines of some metrics, and counts them", async () => {
      const task = await console(6, (n) => (n % 2 === 0 ? { metric: "a", variant: n < 4 ? "x" : "y" } : {}));
      const ask = async (metrics: object[]): Promise<unknown[]> => {
        const reply = await server.ask("events.get_task_log", { task, order: "asc", metrics });
        return [messages(reply), reply.total];
      };
      expect(await ask([{ metric: "a" }])).to.deep.equal([["m1", "m3", "m5"], 3]);
      expect(await ask([{ metric: "a", variants: ["y"] }])).to.deep.equal([["m5"], 1]);
      expect(await ask([{ metric: "" }])).to.deep.equal([["m2", "m4", "m6"], 3]);
      expect(await ask([{ metric: "zz" }])).to.deep.equal([[], 0]);
    });

    it("refuses an unknown task and a page that is too large", async () => {
      expect((await server.call("events.get_task_log", { task: "nope" })).message).to.equal("Invalid task id: ids=(nope)");
      const task = await server.task();
      expect((await server.call("events.get_task_log", { task, batch_size: 10_001 })).subcode).to.equal(100);
      expect(await server.ask("events.get_task_log", { task })).to.deep.equal({ events: [], returned: 0, total: 0 });
    });

    it("reads in its older form from the head or the tail, by a scroll id, to its end", async () => {
      const task = await console(4);
      const ask = async (more: object, version = "v2.8"): Promise<Reply["data"]> =>
        await server.ask(`${version}/events.get_task_log`, { task, batch_size: 3, ...more });
      const first = await ask({});
      expect(messages(first)).to.deep.equal(["m3", "m2", "m1"]);
      const second = await ask({ scroll_id: first.scroll_id });
      expect(messages(second)).to.deep.equal(["m4"]);
      const third = await ask({ scroll_id: second.scroll_id });
      expect([third.events, third.scroll_id, third.total]).to.deep.equal([[], "FFFF", 4]);
      expect((await ask({ scroll_id: "FFFF" })).total).to.equal(0);
      expect(messages(await ask({ from: "tail", order: "asc" }))).to.deep.equal(["m2", "m3", "m4"]);
      expect(messages(await ask({ order: "desc" }, "v1.5"))).to.deep.equal(["m4", "m3", "m2"]);
    });
  });

  describe("events.download_task_log", () => {
    async function download(body: object): Promise<{ status: number; text: string; headers: Headers }> {
      const response = await fetch(`${server.apiUrl}/events.download_task_log`, {
        method: "POST",
        headers: { authorization: `Bearer ${server.token}` },
        body: JSON.stringify(body),
      });
      return { status: response.status, text: await response.text(), headers: response.headers };
    }

    it("is a file with a line of JSON for each event, oldest first", async () => {
      const task = await console(2, () => ({ worker: "w" }));
      const { text, headers } = await download({ task });
      expect(headers.get("content-type")).to.equal("text/plain; charset=utf-8");
      expect(headers.get("content-disposition")).to.equal(`attachment; filename=task_${task}.log`);
      const lines = text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(lines.map(({ msg, asctime }) => [msg, asctime])).to.deep.equal([
        ["m1", 1000],
        ["m2", 2000],
      ]);
      expect(lines[0]).to.not.have.any.keys("type", "task", "timestamp");
    });

    it("is text in the caller's format", async () => {
      const task = await console(2, () => ({ worker: "w" }));
      expect((await download({ task, line_type: "text" })).text).to.equal("1000 w info m1\n2000 w info m2\n");
      expect((await download({ task, line_type: "text", line_format: "{{{msg}}}\n\n\n" })).text).to.equal("{m1}\n{m2}\n");
    });

    it("is complete, however long", async () => {
      const task = await console(12_000);
      const lines = (await download({ task, line_type: "text", line_format: "{msg}" })).text.trimEnd().split("\n");
      expect(lines).to.deep.equal(Array.from({ length: 12_000 }, (_, n) => `m${n + 1}`));
    });

    it("is empty for a task without a console, and refuses formats that it does not know", async () => {
      const task = await server.task();
      expect(await download({ task })).to.include({ status: 200, text: "" });
      const refusal = async (format: string): Promise<string> => {
        const { meta } = JSON.parse((await download({ task, line_type: "text", line_format: format })).text);
        return `${meta.result_code}/${meta.result_subcode} ${meta.result_msg}`;
      };
      expect(await refusal("")).to.equal("400/11 Missing required fields (line_format is empty): fields=(line_format)");
      expect(await refusal("{zz}")).to.equal("400/16 Invalid value for fields (undefined placeholders in line format): placeholders=(zz)");
      expect(await refusal("{asctime:>20}")).to.contain("400/16 Invalid value for fields (invalid line format): error=");
      expect(await refusal("{msg")).to.contain("(invalid line format)");
      expect((await download({ task: "nope" })).status).to.equal(400);
    });
  });

  describe("events.get_task_events", () => {
    const scalars = async (iters: (number | undefined)[]): Promise<string> => {
      const task = await server.task();
      await server.lines(
        iters.map((iter, n) => ({
          type: "training_stats_scalar",
          task,
          metric: "m",
          variant: `v${n}`,
          value: n,
          ...(iter === undefined ? {} : { iter }),
        })),
      );
      return task;
    };

    it("fills a page with all events of its last iteration", async () => {
      const task = await scalars([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
      const sizes: number[] = [];
      for (let scroll: string | null = null; sizes.at(-1) !== 0; ) {
        const page: Reply["data"] = await server.ask("events.get_task_events", {
          task,
          batch_size: 3,
          ...(scroll === null ? {} : { scroll_id: scroll }),
        });
        sizes.push(page.returned);
        scroll = page.scroll_id;
        expect(page.total).to.equal(10);
      }
      expect(sizes).to.deep.equal([4, 4, 2, 0]);
    });

    it("takes order and choice from the scroll id, the size from the request", async () => {
      const task = await scalars([3, 2, 1, 0]);
      const first = await server.ask("events.get_task_events", { task, batch_size: 1, order: "desc", event_type: "training_stats_scalar" });
      const second = await server.ask("events.get_task_events", { task, scroll_id: first.scroll_id, order: "asc", event_type: "plot" });
      expect(second.events.map((event: { iter: number }) => event.iter)).to.deep.equal([2, 1, 0]);
      expect((await server.ask("events.get_task_events", { task, count_total: false })).total).to.equal(null);
    });

    it("refuses a scroll id that it did not give, and types that there are not", async () => {
      const task = await scalars([1]);
      expect((await server.call("events.get_task_events", { task, scroll_id: "zz" })).message).to.equal("Invalid scroll id: scroll_id=zz");
      expect((await server.call("events.get_task_events", { task, event_type: "zz" })).subcode).to.equal(12);
      const { scroll_id: scroll } = await server.ask("events.get_task_events", { task });
      expect((await server.call("events.get_task_events", { task: "nope", scroll_id: scroll })).subcode).to.equal(101);
    });

    it("gives what has no iteration at the end, in both directions, each once", async () => {
      const task = await scalars([undefined, 1, 0, -5, undefined]);
      await server.lines([1, 2, 3].map((timestamp) => ({ type: "log", task, msg: "x", timestamp })));
      await server.lines([{ type: "log", task, msg: "y", timestamp: 1, iter: 1 }]);
      for (const order of ["asc", "desc"]) {
        const read: { iter?: number }[] = [];
        for (let scroll: string | undefined, size = -1; size !== 0; ) {
          const page: Reply["data"] = await server.ask("events.get_task_events", {
            task,
            batch_size: 2,
            order,
            ...(scroll === undefined ? {} : { scroll_id: scroll }),
          });
          read.push(...page.events);
          [scroll, size] = [page.scroll_id, page.returned];
          expect(page.total).to.equal(9);
        }
        const iters = read.map((event) => event.iter);
        const placed = order === "asc" ? [-5, 0, 1, 1] : [1, 1, 0, -5];
        expect(iters).to.deep.equal([...placed, undefined, undefined, undefined, undefined, undefined]);
      }
    });
  });

  describe("events.get_task_metrics", () => {
    it("names the metrics of events with an iteration, by task in the asked order", async () => {
      const [one, two] = [await server.task(), await server.task()];
      const scalar = { type: "training_stats_scalar", variant: "v", value: 1 };
      await server.lines([
        { ...scalar, task: one, metric: "b", iter: 1 },
        { ...scalar, task: one, metric: "a", iter: 1 },
        { ...scalar, task: one, metric: "single", iter: -2_147_483_648 },
        { ...scalar, task: one, metric: "nowhere" },
        { type: "log", task: one, msg: "x", iter: 1 },
      ]);
      const ask = async (event_type: string): Promise<unknown> =>
        (await server.ask("events.get_task_metrics", { tasks: [two, one, two], event_type })).metrics;
      const empty = { task: two, metrics: [] };
      expect(await ask("training_stats_scalar")).to.deep.equal([empty, { task: one, metrics: ["a", "b"] }, empty]);
      expect(await ask("*")).to.deep.equal([empty, { task: one, metrics: ["", "a", "b"] }, empty]);
      const refusal = await server.call("events.get_task_metrics", { tasks: [one, "nope"], event_type: "log" });
      expect(refusal.message).to.equal(`Invalid task id: ids=(${one}, nope)`);
    });
  });

  describe("events.get_multi_task_metrics", () => {
    it("names the metrics and variants of all tasks together, of all events", async () => {
      const [one, two] = [await server.task(), await server.task()];
      const scalar = { type: "training_stats_scalar", value: 1 };
      await server.lines([
        { ...scalar, task: one, metric: "m", variant: "z", iter: 1 },
        { ...scalar, task: two, metric: "m", variant: "a" },
        { ...scalar, task: two, metric: "Summary", variant: "s", iter: -2_147_483_648 },
        { type: "log", task: one, msg: "x" },
      ]);
      expect(await server.ask("events.get_multi_task_metrics", { tasks: [one, two] })).to.deep.equal({
        metrics: [
          { metric: "", variants: [""] },
          { metric: "Summary", variants: ["s"] },
          { metric: "m", variants: ["a", "z"] },
        ],
      });
      expect((await server.ask("events.get_multi_task_metrics", { tasks: [one], event_type: "plot" })).metrics).to.deep.equal([]);
    });
  });

  describe("events.clear_scroll", () => {
    it("answers with nothing to any id, and a page's id still leads on", async () => {
      const task = await console(3);
      const { scroll_id: scroll } = await server.ask("events.get_task_events", { task, batch_size: 1 });
      expect(await server.ask("events.clear_scroll", { scroll_id: "zz" })).to.deep.equal({});
      expect(messages(await server.ask("events.get_task_events", { task, scroll_id: scroll }))).to.deep.equal(["m2", "m3"]);
    });
  });
});
