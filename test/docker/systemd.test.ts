import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { requireDocker } from "../support/docker.ts";
import { serviceImage } from "../support/node-image.ts";
import { eventually, Product } from "../support/product.ts";
import { restartsOf } from "../support/restarts.ts";
import { BRIDGE_HOST, SystemdContainer } from "../support/systemd-container.ts";

const QUEUE = "service";
const RESTARTS = restartsOf(5);
/** Enough for all restarts, ten in a second. */
const LINES = Math.max(200, RESTARTS * 40);
/** Prints numbered lines for twenty seconds or more, and leaves the same numbers in a file that no agent knows of. */
const COUNTING = `
import os, time
print("the program is", os.getpid(), flush=True)
with open("/tmp/outside-" + os.environ["CLEARML_TASK_ID"], "a") as outside:
    for n in range(${LINES}):
        print("line %03d" % n, flush=True)
        outside.write("%03d\\n" % n)
        outside.flush()
        time.sleep(0.1)
`;
/** Leaves its group, its session and its environment behind. */
const STRAYING = `
import subprocess, time
subprocess.Popen(["setsid", "env", "-i", "sleep", "7654"])
print("it runs", flush=True)
time.sleep(600)
`;
/** Wants more memory than it may have, after a while. */
const GREEDY = `
import time
print("it runs", flush=True)
time.sleep(3)
hoard = [bytearray(b"x" * (10 << 20)) for _ in range(50)]
`;

const program = (diff: string): object => ({ script: { entry_point: "main.py", diff, binary: "python3" } });
const numbered = (text: string): string[] => text.match(/^line \d{3}$/gm) ?? [];
const ALL = Array.from({ length: LINES }, (_, n) => String(n).padStart(3, "0"));

describe("the agent as a service of systemd", function () {
  this.timeout(180_000);
  let product: Product;
  let machine: SystemdContainer;

  before(async function () {
    requireDocker.call(this);
    this.timeout(600_000);
    machine = await SystemdContainer.start(await serviceImage());
    product = await Product.start({ serverHost: BRIDGE_HOST });
    await product.ensureQueue(QUEUE);
  });

  after(async () => {
    await machine?.[Symbol.asyncDispose]();
    await product?.[Symbol.asyncDispose]();
  });

  afterEach(async function () {
    if (this.currentTest?.state === "failed") process.stdout.write(`${await machine.journal("windlass")}\n`);
  });

  const mainPid = async (): Promise<number> => Number(await machine.property("windlass", "MainPID"));
  const scopes = async (): Promise<string> => await machine.sh("systemctl list-units --all --no-legend --plain 'windlass-run-*'");
  const alive = async (pid: string): Promise<boolean> => (await machine.tried(`kill -0 ${pid}`)).code === 0;

  /** Starts the counting program and waits for its first lines. */
  async function startCounting(): Promise<{ id: TaskId; pid: string }> {
    const id = await product.enqueue(QUEUE, program(COUNTING));
    const text = await eventually("the program counts", async () => {
      const console = await product.consoleOf(id);
      return numbered(console).length > 10 ? console : undefined;
    });
    return { id, pid: /the program is (\d+)/.exec(text)?.[1] ?? "none" };
  }

  async function expectOnceAndWhole(id: TaskId): Promise<void> {
    const task = await product.ended(id, 60_000 + LINES * 100);
    const text = await product.consoleOf(id);
    expect(task.status, text).to.equal("completed");
    expect(numbered(text).map((line) => line.slice(5))).to.deep.equal(ALL);
    expect((await machine.sh(`cat /tmp/outside-${id}`)).split("\n")).to.deep.equal(ALL);
  }

  it("is not installed without a configuration, or with a wrong one, and says why", async () => {
    const missing = await machine.tried("windlass install-service");
    expect(missing.code).to.equal(1);
    expect(missing.output).to.contain("there is no configuration /etc/windlass/agent.config.yaml").and.to.contain("windlass init");
    await machine.sh("mkdir -p /etc/windlass && echo 'agent: {slotz: 1}' > /etc/windlass/agent.config.yaml");
    expect((await machine.tried("windlass install-service")).output).to.contain("slotz");
    expect(await machine.sh("ls /etc/systemd/system")).not.to.contain("windlass");
  });

  it("is installed by one command, is ready when it is registered, and says how it is", async () => {
    await machine.configure(product);
    const { code, output } = await machine.tried(`windlass install-service -- --queue ${QUEUE}`);
    expect(code, output).to.equal(0);
    expect(output).to.match(/enabled and runs: 0 of 1 slot busy, queue service/);
    expect(await machine.sh("systemctl is-enabled windlass")).to.equal("enabled");
    expect(await machine.sh("stat -c %a /var/lib/windlass")).to.equal("700");
    const { workers } = await product.session.call<{ workers: { id: string }[] }>("workers.get_all", {});
    expect(workers).to.have.length(1);
  });

  it("puts each run into a scope of its own, shows it in the status, and keeps none", async () => {
    const { id, pid } = await startCounting();
    expect(await scopes()).to.match(/windlass-run-\w+\.scope\s+loaded active running/);
    expect(await machine.sh(`cat /proc/${pid}/cgroup`)).to.match(/system\.slice\/windlass-run-\w+\.scope/);
    await eventually("the status says it", async () => (await machine.property("windlass", "StatusText")).startsWith("1 of 1 slot busy"));
    await expectOnceAndWhole(id);
    await eventually("the scope is gone", async () => (await scopes()) === "");
  });

  it("ends all that an aborted run started, whatever it left behind", async () => {
    const id = await product.enqueue(QUEUE, program(STRAYING));
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
    await product.session.call("tasks.stop", { task: id });
    expect((await product.ended(id, 30_000)).status).to.equal("stopped");
    expect(await machine.processes()).not.to.contain("sleep 7654");
    expect(await scopes()).to.equal("");
  });

  it(`keeps a run through ${RESTARTS} restarts of the service, without a gap`, async function () {
    this.timeout(180_000 + LINES * 200);
    const { id, pid } = await startCounting();
    for (let times = 0; times < RESTARTS; times++) {
      const before = await mainPid();
      await machine.sh("systemctl restart windlass");
      expect(await mainPid()).not.to.equal(before);
      expect(await alive(pid), `a restart does not wait for the run\n${await machine.journal("windlass")}`).to.equal(true);
    }
    await expectOnceAndWhole(id);
  });

  it("gives the scope the memory limit, and knows the cause also of a run that it took over", async () => {
    await machine.configure(product, "process:\n  memory_limit: 100MB\n");
    await machine.sh("systemctl restart windlass");
    const id = await product.enqueue(QUEUE, program(GREEDY));
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
    await machine.sh("systemctl restart windlass");
    const task = await product.ended(id, 30_000);
    expect(`${task.status_reason} ${task.status_message}`, await product.consoleOf(id)).to.contain("failed/oom");
  });

  it("keeps a run through a kill by the watchdog, without a gap", async () => {
    const folder = "/etc/systemd/system/windlass.service.d";
    await machine.sh(`mkdir -p ${folder} && printf '[Service]\\nWatchdogSec=4\\nRestartSec=1\\n' > ${folder}/short.conf`);
    await machine.sh("systemctl daemon-reload && systemctl restart windlass");
    const { id, pid } = await startCounting();
    const before = await mainPid();
    await machine.sh(`kill -STOP ${before}`);
    await eventually("systemd has started another agent", async () => ![0, before].includes(await mainPid()));
    expect(await alive(pid), await machine.journal("windlass")).to.equal(true);
    expect(await machine.journal("windlass")).to.contain("Watchdog timeout");
    await expectOnceAndWhole(id);
    await machine.sh(`rm -r ${folder} && systemctl daemon-reload`);
  });

  it("lets a run end when it is stopped", async () => {
    const { id } = await startCounting();
    await machine.sh("systemctl stop windlass");
    await expectOnceAndWhole(id);
    expect(await machine.property("windlass", "Result")).to.equal("success");
    await machine.sh("systemctl start windlass");
  });

  it("is removed by one command, and leaves its state and its configuration only", async () => {
    const { code, output } = await machine.tried("windlass uninstall-service");
    expect(code, output).to.equal(0);
    expect(await machine.sh("find /etc/systemd /run/systemd/transient -name '*windlass*'")).to.equal("");
    expect(await machine.sh("systemctl list-units --all --no-legend --plain 'windlass*'")).to.equal("");
    expect(await machine.processes()).not.to.contain("windlass");
    expect((await machine.tried("windlass uninstall-service")).output).to.contain("there is no service");
  });
});
