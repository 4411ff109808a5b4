import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { AgentSnapshot } from "../../agent/control.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { eventually, Product, ProgramProcess } from "../support/product.ts";

const QUEUE = "control";

/** A program that runs until the file is there, or two minutes: a test that fails must not leave it for ever. */
const untilFile = (path: string): object => ({
  entry_point: "wait.py",
  diff: `import os, time\nend = time.time() + 120\nwhile not os.path.exists(${JSON.stringify(path)}) and time.time() < end:\n    time.sleep(0.05)\n`,
  binary: "python3",
});

describe("the product, asked over its local socket", function () {
  this.timeout(120_000);
  let product: Product;
  let daemon: ProgramProcess;
  let state = "";
  let go = "";

  beforeEach(async () => {
    product = await Product.start();
    state = join(product.folder, "state");
    go = join(product.folder, "go");
  });

  afterEach(() => product[Symbol.asyncDispose]());

  const start = async (...args: string[]): Promise<void> => {
    daemon = await product.startDaemon({ queues: ["urgent", QUEUE], stateFolder: state, name: "here", args });
  };
  const enqueue = async (queue: string, name: string): Promise<TaskId> => {
    await product.ensureQueue(queue);
    return await product.enqueue(queue, { name, script: untilFile(go) });
  };
  const say = async (...args: string[]): Promise<string> => (await product.windlass([...args, "--state", state], { NO_COLOR: "1" })).output;
  const conclusion = async (task: string): Promise<string> =>
    (JSON.parse(await say("why", task, "--json")) as { conclusion: string }).conclusion;
  const status = async (): Promise<AgentSnapshot> => JSON.parse(await say("status", "--json")) as AgentSnapshot;
  const running = async (task: TaskId): Promise<void> =>
    void (await eventually("it runs", async () => {
      const { code, output } = await product.windlass(["status", "--json", "--state", state]);
      return code === 0 && (JSON.parse(output) as AgentSnapshot).slots.some(({ run }) => run?.task === task && run.phase === "run");
    }));

  it("shows what runs and why the next one does not, pauses, resumes, and drains to its end", async () => {
    await start();
    expect(await say("status"))
      .to.match(/^state +running$/m)
      .and.to.contain("0 of 1 busy");
    const first = await enqueue(QUEUE, "the first");
    await running(first);
    const second = await enqueue(QUEUE, "the second");
    const third = await enqueue("urgent", "the third");

    expect(await say("jobs"))
      .to.contain("the first")
      .and.to.contain(QUEUE)
      .and.to.contain("here:0");
    const isInPhaseRun = async (): Promise<boolean> => /^It runs here, on here:0: phase run for/.test(await conclusion(first));
    await eventually("its program runs, as the agent sees it", isInPhaseRun);
    for (const text of ["the second", second.slice(0, 10)]) expect(await conclusion(text)).to.contain("is busy");
    expect(await conclusion(second)).to.match(
      /^The only slot of the agent here is busy, the longest with \w+ "the first" \(run, .+\), and 1 of the queue "urgent" comes first\.$/,
    );
    const why = await say("why", third);
    expect(why).to.contain('queue "urgent": position 1 of 1').and.to.contain(`here:0: runs ${first}`).and.to.contain("windlass abort");

    expect(await say("pause")).to.contain("1 task goes on");
    expect(await say("status")).to.contain("paused");
    await writeFile(go, "");
    expect((await product.ended(first)).status).to.equal("completed");
    expect(await conclusion(second)).to.equal("The agent here is paused.");
    expect(await conclusion(first)).to.match(/^It has ended, completed/);
    expect(await say("resume")).to.equal("here takes tasks again\n");
    expect((await product.ended(second)).status).to.equal("completed");
    expect((await status()).counters.outcomes).to.deep.equal({ completed: 3 });
    const { waitedSec, phaseSec } = (await status()).counters;
    expect(waitedSec.count).to.equal(3);
    expect(waitedSec.sum).to.be.at.least(2);
    expect(phaseSec.run, JSON.stringify(phaseSec)).to.include({ count: 3 });
    expect(phaseSec.run?.sum).to.be.greaterThan(2);
    expect(Date.parse((await product.tasks.get(third)).started ?? "")).to.be.lessThan(
      Date.parse((await product.tasks.get(second)).started ?? ""),
    );

    expect(await say("drain", "--wait")).to.contain("here has ended");
    expect(await daemon.ended).to.equal(0);
    expect(existsSync(join(state, "agent.sock"))).to.equal(false);
    expect(await say("status")).to.contain(`no agent runs on the state folder ${state}`);
  });

  it("drains while a task runs, until its deadline", async () => {
    const config = join(product.folder, "agent.config.yaml");
    await writeFile(config, "agent:\n  drain_deadline: 10s\nrun:\n  grace: 1s\n");
    await start("--config", config);
    const task = await enqueue(QUEUE, "endless");
    await running(task);
    const draining = say("drain", "--wait");
    await eventually("it drains", async () => (await status()).state === "draining");
    const waiting = await enqueue(QUEUE, "too late");
    expect(await conclusion(waiting)).to.contain("is draining");
    expect(await say("resume")).to.contain("nothing takes that back");
    expect(await draining)
      .to.contain("when 1 task has ended")
      .and.to.contain("here has ended");
    expect(await daemon.ended).to.equal(2);
    expect((await product.tasks.get(task)).status_reason).to.contain("aborted/agent-stopping");
  });

  it("says why without an agent here: what the server alone knows", async () => {
    const nobodys = await enqueue("control", "nobody's");
    expect(await conclusion(nobodys)).to.equal('No agent serves the queue "control".');
    expect(await conclusion(await product.createTask({ name: "draft" }))).to.contain("never enqueued");
    const lost = await enqueue("control", "lost");
    await product.session.call("queues.remove_task", { queue: await product.ensureQueue("control"), task: lost });
    expect(await conclusion(lost)).to.contain('in no queue (it was in "control")');
    await product.startDaemon({ queues: ["elsewhere"], name: "far" });
    expect(await conclusion(nobodys)).to.equal('No agent serves the queue "control".');
    const { code, output } = await product.windlass(["why", "no such task", "--state", state]);
    expect(code).to.equal(1);
    expect(output).to.contain('there is no task "no such task"');
  });

  it("knows of agents elsewhere on the queue, and of an agent here that serves others", async () => {
    await product.startDaemon({ queues: [QUEUE], name: "far" });
    const first = await enqueue(QUEUE, "far away");
    const second = await enqueue(QUEUE, "waits");
    await eventually("it runs", async () => (await product.tasks.get(first)).status === "in_progress");
    await eventually("the worker says so", async () => (await conclusion(first)).startsWith("It runs on far:0"));
    expect(await conclusion(second)).to.contain(`All workers of the queue "${QUEUE}" are busy: far:0 runs ${first}`);
    await product.ensureQueue("others");
    daemon = await product.startDaemon({ queues: ["others"], stateFolder: state, name: "here" });
    const other = await enqueue("urgent", "unserved");
    expect(await conclusion(other)).to.equal('No agent serves the queue "urgent"; the agent here serves others.');
    await writeFile(go, "");
    await product.ended(second);
  });

  it("stays healthy, answers, and knows its runs while the server is away; and replaces the socket of a killed agent", async () => {
    await start("--metrics-port", "0");
    const port = Number(/health and metrics.*?"port":(\d+)|"port":(\d+).*health and metrics/.exec(daemon.output)?.slice(1).find(Boolean));
    const get = async (path: string): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      return `${answer.status} ${await answer.text()}`;
    };
    const task = await enqueue(QUEUE, "goes on");
    await running(task);
    expect(await get("/metrics"))
      .to.contain("windlass_jobs_running 1\n")
      .and.to.contain("windlass_claims_total 1\n");
    product.server.child.kill("SIGSTOP");
    try {
      expect(await get("/healthz")).to.equal("200 ok\n");
      expect(await get("/readyz")).to.equal("200 ok\n");
      expect((await status()).slots[0]?.run?.name).to.equal("goes on");
    } finally {
      product.server.child.kill("SIGCONT");
    }
    daemon.child.kill("SIGKILL");
    await daemon.ended;
    expect(await say("jobs")).to.contain("no agent runs on the state folder");
    await start("--metrics-port", String(port));
    await running(task);
    expect(await say("jobs")).to.contain("(taken over)");
    expect(await get("/metrics")).to.contain("windlass_adopted_total 1\n");
    await writeFile(go, "");
    expect((await product.ended(task)).status).to.equal("completed");
    expect(await get("/metrics")).to.contain('windlass_jobs_total{cause="completed"} 1\n');
  });

  it("says that a task is left alone after a failure of the infrastructure", async () => {
    await start();
    const repository = { repository: "http://127.0.0.1:9/nothing.git", entry_point: "run.py", branch: "main", binary: "python3" };
    const task = await product.enqueue(QUEUE, { name: "cannot be fetched", script: repository });
    await eventually("it is left alone", async () =>
      (await conclusion(task)).startsWith("The agent here leaves this task alone for now: it failed here"),
    );
    expect(await say("why", task)).to.contain("queued again after failed/source-unreachable");
  });

  it("is alive and asked while it waits for a server that is not there", async () => {
    const env = { ...product.clientEnv, CLEARML_API_HOST: "http://127.0.0.1:9", NO_COLOR: "1" };
    daemon = new ProgramProcess({}, ["daemon", "--queue", QUEUE, "--state", state, "--metrics-port", "0"], env);
    const port = Number(/"port":(\d+)/.exec(await daemon.waitFor(/.*health and metrics.*/))?.[1]);
    const [alive, ready] = await Promise.all(["healthz", "readyz"].map((path) => fetch(`http://127.0.0.1:${port}/${path}`)));
    expect(alive?.status).to.equal(200);
    expect(ready?.status).to.equal(503);
    expect(await say("status"))
      .to.contain("starting (not registered")
      .and.to.contain("no answer yet");
    expect(await say("pause")).to.contain("starting and not registered");
    expect(await say("drain", "--wait")).to.contain("has ended");
    expect(await daemon.ended).to.equal(0);
  });

  it("asks the agent here alone when the server is gone", async () => {
    await start();
    const task = await enqueue(QUEUE, "goes on");
    await running(task);
    product.server.child.kill("SIGKILL");
    await product.server.ended;
    expect(await say("why", "goes on"))
      .to.contain("the server cannot be asked")
      .and.to.contain("It runs here, on here:0");
    daemon.child.kill("SIGTERM");
    daemon.child.kill("SIGTERM");
    await writeFile(go, "");
  });
});
