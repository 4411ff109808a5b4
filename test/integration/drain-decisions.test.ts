import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { eventually, Product, type ProgramProcess } from "../support/product.ts";
import { SeededRandom } from "../support/random.ts";

const QUEUE = "default";
const ROUNDS = 9;
const ACTIONS = ["hand-back", "leave", "abort"] as const;
type Action = (typeof ACTIONS)[number];
/** What the agent says of its first decision, and what may become of the task: alone, or with a person's stop on the server. */
const DECISIONS: readonly [said: RegExp, alone: readonly string[], withStop: readonly string[]][] = [
  [/handing the running tasks back/, ["queued"], ["queued", "stopped", "created"]],
  [/leaving the running tasks/, ["in_progress"], ["in_progress", "stopped"]],
  [/stopping the running tasks/, ["stopped"], ["stopped"]],
];

/** Two who want different things of one run: the first decision of the agent holds, and a person's word before either. */
describe("two decisions about one run", () => {
  let product: Product;
  let daemon: ProgramProcess;
  let name: string;
  let agents = 0;
  let id: TaskId;

  before(async () => {
    product = await Product.start();
  });
  after(async function () {
    this.timeout(30_000);
    await product?.[Symbol.asyncDispose]();
  });

  /** A program that takes a second to stop, under an agent with this drain deadline. */
  async function running(deadline: string, action: Action = "hand-back", env: Record<string, string> = {}): Promise<void> {
    const config = join(product.folder, "drain.yaml");
    await writeFile(config, `agent:\n  drain_deadline: ${deadline}\n  drain_action: ${action}\n`);
    name = `drain${agents++}`;
    daemon = await product.startDaemon({ queues: [QUEUE], name, args: ["--config", config], env });
    const diff = `import signal, sys, time
def stop(*_):
    print("stopping", flush=True)
    time.sleep(1)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("it runs", flush=True)
time.sleep(60)
`;
    id = await product.enqueue(QUEUE, { script: { entry_point: "slow.py", diff, binary: "python3" } });
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
  }

  const isStopping = (): Promise<unknown> =>
    eventually("it is being stopped", async () => (await product.consoleOf(id)).includes("stopping"));
  const entries = async (): Promise<string[]> => (await product.queues.all()).flatMap((queue) => queue.entries.map((entry) => entry.task));

  async function endedAs(status: string): Promise<void> {
    await daemon.ended;
    expect(daemon.output).not.to.contain("a fault of the agent itself");
    expect((await product.tasks.get(id)).status, daemon.output).to.equal(status);
    expect((await entries()).filter((task) => task === id)).to.have.length(status === "queued" ? 1 : 0);
    expect((await product.consoleOf(id)).match(/stopping\n/g)).to.have.length(1);
    if (status === "queued") await product.tasks.dequeue(id);
  }

  it("hand-back, then a second SIGTERM: it is handed back", async function () {
    this.timeout(30_000);
    await running("200ms");
    daemon.child.kill("SIGTERM");
    await isStopping();
    daemon.child.kill("SIGTERM");
    await endedAs("queued");
  });

  it("a second SIGTERM, then the deadline that hands back: it is stopped", async function () {
    this.timeout(30_000);
    await running("600ms");
    daemon.child.kill("SIGTERM");
    await pause(50);
    daemon.child.kill("SIGTERM");
    await endedAs("stopped");
  });

  it("a second SIGTERM, then the deadline that leaves: it is stopped", async function () {
    this.timeout(30_000);
    await running("600ms", "leave");
    daemon.child.kill("SIGTERM");
    await pause(50);
    daemon.child.kill("SIGTERM");
    expect(await daemon.ended, daemon.output).to.equal(2);
    await endedAs("stopped");
  });

  it("hand-back, then a stop on the server: it is stopped", async function () {
    this.timeout(30_000);
    await running("200ms");
    daemon.child.kill("SIGTERM");
    await isStopping();
    await product.session.call("tasks.stop", { task: id });
    await endedAs("stopped");
  });

  it("hand-back, then the agent dies before it has told the server: the next one hands back", async function () {
    this.timeout(40_000);
    await running("200ms", "hand-back", { WINDLASS_CRASH_AT: "run/decided-written" });
    daemon.child.kill("SIGTERM");
    await daemon.ended;
    daemon = await product.startDaemon({ queues: ["others"], stateFolder: join(product.folder, `state-${name}`), name });
    await eventually("it is in its queue again", async () => (await product.tasks.get(id)).status === "queued");
    expect(await product.consoleOf(id)).to.contain("the task is queued again");
    daemon.child.kill("SIGTERM");
    await endedAs("queued");
  });

  async function twoSigterms(): Promise<void> {
    daemon.child.kill("SIGTERM");
    await pause(200);
    daemon.child.kill("SIGTERM");
  }

  for (const [what, shown, status, cause, stop] of [
    ["a stop on the server", "by a user", "stopped", "aborted/user", () => product.session.call("tasks.stop", { task: id })],
    ["a second SIGTERM", "the agent ends", "stopped", "aborted/agent-stopping", twoSigterms],
  ] as const)
    it(`${what}, then the agent dies before the program has ended: the next one tells why it ended`, async function () {
      this.timeout(40_000);
      await running("60s");
      await stop();
      await isStopping();
      const { output } = await product.windlass(["jobs", "--state", join(product.folder, `state-${name}`)]);
      daemon.child.kill("SIGKILL");
      expect(output).to.contain(`run, stopping (${shown})`);
      await daemon.ended;
      await pause(1_500);
      daemon = await product.startDaemon({ queues: ["others"], stateFolder: join(product.folder, `state-${name}`), name });
      const task = await product.ended(id);
      expect(`${task.status} ${task.status_reason}`).to.match(new RegExp(`^${status} ${cause}`));
      daemon.child.kill("SIGTERM");
      await endedAs(status);
    });

  it("a second SIGTERM, then agent and program are killed and nobody wrote how it ended: it was stopped by the agent", async function () {
    this.timeout(40_000);
    await running("60s");
    const state = join(product.folder, `state-${name}`);
    const [file = ""] = await readdir(join(state, "journal"));
    await twoSigterms();
    await isStopping();
    daemon.child.kill("SIGKILL");
    await daemon.ended;
    const { launched } = JSON.parse(await readFile(join(state, "journal", file), "utf8"));
    process.kill(-launched.handle.pid, "SIGKILL");
    daemon = await product.startDaemon({ queues: ["others"], stateFolder: state, name });
    const task = await product.ended(id);
    expect(`${task.status} ${task.status_reason}`).to.match(/^stopped aborted\/agent-stopping/);
    daemon.child.kill("SIGTERM");
    await endedAs("stopped");
  });

  it("a stop on the server that waits for the program's abort callback, then hand-back: it is stopped by the person", async function () {
    this.timeout(40_000);
    await running("2s");
    await product.tasks.editRuntime(id, { _abort_callback_timeout: 60 });
    await product.session.call("tasks.stop", { task: id });
    expect((await product.tasks.get(id)).status, "it waits for the callback").to.equal("in_progress");
    daemon.child.kill("SIGTERM");
    await endedAs("stopped");
    expect((await product.tasks.get(id)).status_reason).to.contain("aborted/user");
    expect(await product.consoleOf(id)).to.not.contain("queued again");
  });

  /** The next agent of the state folder has it, and its program was told nothing. */
  async function endWhatWasLeft(): Promise<void> {
    daemon = await product.startDaemon({ queues: [QUEUE], name });
    await product.session.call("tasks.stop", { task: id });
    await product.ended(id);
    await daemon.waitFor(/task ended/);
    daemon.child.kill("SIGTERM");
    await daemon.ended;
  }

  /** By the agent's own first word; undefined: somebody else had ended the run before. */
  function decision(): (typeof DECISIONS)[number] | undefined {
    const found = DECISIONS.map((each) => ({ each, at: daemon.output.search(each[0]) })).filter(({ at }) => at >= 0);
    return found.toSorted((one, other) => one.at - other.at)[0]?.each;
  }

  it("in any order and at any moment: the first decision holds, one outcome, one stop", async function () {
    this.timeout(180_000);
    const random = new SeededRandom(7);
    for (let round = 0; round < ROUNDS; round++) {
      const action = ACTIONS[round % ACTIONS.length] as Action;
      await running(`${100 + random.below(400)}ms`, action);
      daemon.child.kill("SIGTERM");
      const second = pause(random.below(900)).then(() => daemon.child.kill("SIGTERM"));
      const isStopped = random.chance(0.5);
      const stop = pause(random.below(1_500)).then(async () => {
        if (isStopped) await product.session.call("tasks.stop", { task: id }).catch(() => undefined);
      });
      await Promise.all([second, stop, daemon.ended]);
      const { status } = await product.tasks.get(id);
      const what = `round ${round}: ${action}, ${isStopped ? "" : "not "}stopped by a person, ${status}\n${daemon.output}`;
      const [, alone, withStop] = decision() ?? [undefined, ["stopped"], ["stopped"]];
      expect(isStopped ? withStop : alone, what).to.include(status);
      expect((await entries()).filter((task) => task === id).length, what).to.equal(status === "queued" ? 1 : 0);
      if (status === "in_progress") await endWhatWasLeft();
      expect((await product.consoleOf(id)).match(/stopping\n/g) ?? [], what).to.have.length.below(2);
      if (status === "queued") await product.tasks.dequeue(id);
    }
  });
});
