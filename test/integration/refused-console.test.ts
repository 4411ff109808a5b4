import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import type { Task } from "../../api/wire/task.ts";
import { type Fault, noneAdded, page, refusal, type SeenRequest } from "../support/fault-plans.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { Product, type ProgramProcess } from "../support/product.ts";

const TOO_LARGE = page(413, "413 Request Entity Too Large");

/** Prints a line every now and then, so that several batches go; one of them is `poison`. */
const PROGRAM = `import time
for n in range(12):
    print("poison" if n == 5 else "line %02d" % n, flush=True)
    time.sleep(0.25)
`;
const LINES = Array.from({ length: 12 }, (_, n) => (n === 5 ? "poison" : `line ${String(n).padStart(2, "0")}`));
/** Quotes what it refuses, so that it is refused in the line that stands for it, too. */
const WORDS = "this index does not like poison";

interface Case {
  /** What a batch with the poison in it gets, the nth time. */
  readonly fault: (nth: number) => Fault | undefined;
  /** What stands in the place of the line; undefined: the line itself. */
  readonly instead?: RegExp;
}

const CASES: Readonly<Record<string, Case>> = {
  "added: 0, twice": { fault: (nth) => (nth <= 2 ? noneAdded(1, WORDS) : undefined) },
  "400/131, twice": { fault: (nth) => (nth <= 2 ? refusal(400, 131, WORDS) : undefined) },
  "added: 0, for ever": {
    fault: () => noneAdded(1, WORDS),
    instead: /^windlass: \d+ console lines? (was|were) refused by the server$/,
  },
  "400/131, for ever": {
    fault: () => refusal(400, 131, "not these events"),
    instead: /^windlass: \d+ console lines? (was|were) refused by the server: not these events$/,
  },
};

describe("a console of which the server refuses a line", () => {
  let product: Product;
  let proxy: FaultProxy;
  let daemon: ProgramProcess;

  before(async () => {
    product = await Product.start();
    proxy = await FaultProxy.start(product.apiUrl);
    daemon = await product.startDaemon({ queues: ["default"], env: { CLEARML_API_HOST: proxy.url }, args: ["--slots", "4"] });
  });
  after(async function () {
    this.timeout(30_000);
    await product?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
  });

  /** All at once, each task with its own fate. */
  it("is complete but for what is refused for ever, and the task ends as it did", async function () {
    this.timeout(120_000);
    const fates = new Map<string, { one: Case; nth: number }>();
    proxy.plan = ({ endpoint, body }: SeenRequest) => {
      if (endpoint !== "events.add_batch" || !/"msg":"[^"]*poison/.test(body)) return undefined;
      const fate = [...fates].find(([task]) => body.includes(task))?.[1];
      return fate?.one.fault(++fate.nth);
    };
    const ids: [string, Case, TaskId][] = [];
    for (const [name, one] of Object.entries(CASES)) {
      const id = await product.createTask({ script: { entry_point: "talks.py", diff: PROGRAM, binary: "python3" } });
      fates.set(id, { one, nth: 0 });
      ids.push([name, one, id]);
      await product.tasks.enqueue(id, { name: "default" });
    }
    for (const [name, one, id] of ids) await isRight(name, one, await product.ended(id, 90_000));
    expect(daemon.output.match(/console lines were left out/g)).to.have.length(2);
    daemon.mustLive();
  });

  it("goes in smaller requests through a proxy that finds them too large", async function () {
    this.timeout(60_000);
    let tooLarge = 0;
    proxy.plan = ({ endpoint, body }) =>
      endpoint === "events.add_batch" && body.length > 100_000 && tooLarge++ >= 0 ? TOO_LARGE : undefined;
    const diff = 'for n in range(5000):\n    print("%05d" % n, "x" * 100)\n';
    const task = await product.run("default", { script: { entry_point: "much.py", diff, binary: "python3" } }, 50_000);
    const lines = (await product.consoleOf(task.id)).split("\n").filter((line) => !line.startsWith("windlass: ") && line !== "");
    expect(task.status).to.equal("completed");
    expect(lines.map((line) => Number(line.slice(0, 5)))).to.deep.equal(Array.from({ length: 5_000 }, (_, n) => n));
    expect(tooLarge).to.be.greaterThan(0);
  });

  async function isRight(name: string, { instead }: Case, task: Task): Promise<void> {
    expect(task.status, name).to.equal("completed");
    const lines = (await product.consoleOf(task.id)).trim().split("\n");
    const marks = lines.filter((line) => line.includes("refused by the server"));
    const printed = lines.filter((line) => !line.startsWith("windlass: "));
    if (instead === undefined) expect(printed, name).to.deep.equal(LINES);
    else {
      expect(marks, name).to.have.length(1);
      expect(marks[0]).to.match(instead);
      const gone = LINES.filter((line) => !printed.includes(line));
      expect(gone, name).to.deep.equal(["poison"]);
      expect(printed, name).to.deep.equal(LINES.filter((line) => !gone.includes(line)));
      expect(Number(/\d+/.exec(marks[0] ?? "")?.[0]), name).to.equal(gone.length);
    }
  }
});
