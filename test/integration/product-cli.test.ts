import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { Product } from "../support/product.ts";
import { git, makeRepository } from "../support/repository.ts";
import { type CommandResult, windlass } from "../support/windlass-command.ts";

/** A person at the command line, with a server and an agent that runs processes. */
describe("windlass as a program, at a server", function () {
  this.timeout(60_000);
  let product: Product;
  let script: string;

  before(async () => {
    product = await Product.start();
    await product.startDaemon({ queues: ["default"] });
    script = join(product.folder, "small.py");
    await writeFile(script, "import sys\nprint('small', sys.argv[1:])\nsys.exit(3 if 'fail' in str(sys.argv) else 0)\n");
  });

  after(async () => await product?.[Symbol.asyncDispose]());

  const call = (...args: string[]): Promise<CommandResult> => windlass(args, { env: product.clientEnv });
  const program = (name: string): object => ({ script: { entry_point: name, diff: "print('hello')\n", binary: "python3" } });

  it("prints the task's id first, its console, and one word at its end", async () => {
    const { code, stdout, stderr } = await call("run", "--script", script, "--args", "lr=0.1");
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^task [0-9a-f]{32}\n/);
    expect(stdout).to.contain("small ['--lr=0.1']");
    expect(stderr).to.equal("completed\n");
  });

  it("follows a task through an outage of the server, each line once, to its exit code", async () => {
    await using proxy = await FaultProxy.start(product.apiUrl);
    const slow = join(product.folder, "slow.py");
    await writeFile(slow, "import sys, time\nfor n in range(5):\n    print('line', n, flush=True)\n    time.sleep(0.5)\nsys.exit(7)\n");
    const following = product.begin(["run", "--script", slow], { CLEARML_API_HOST: proxy.url });
    await following.waitFor(/line 1/);
    proxy.plan = () => ({ kind: "drop" });
    await following.waitFor(/the task goes on, and is followed again once the server answers/);
    proxy.plan = () => undefined;
    expect(await following.ended, following.output).to.equal(7);
    expect(following.output.match(/^line \d$/gm)).to.deep.equal(["line 0", "line 1", "line 2", "line 3", "line 4"]);
  });

  it("ends with the program's exit code, and names the cause once", async () => {
    const { code, stderr } = await call("run", "--script", script, "--args", "how=fail");
    expect(code).to.equal(3);
    expect(stderr).to.equal("failed/exit-code: the program ended with exit code 3\n");
  });

  it("stops a program at the limit that --time-limit gives, with the exit code of a timeout", async () => {
    const endless = join(product.folder, "endless.py");
    await writeFile(endless, "import time\nprint('begun', flush=True)\ntime.sleep(600)\n");
    const flags = ["--time-limit", "1s", "--on-lost", "requeue", "--parameters", "arguments", "--args", "n=1"];
    const { code, stdout, stderr } = await call("run", "--script", endless, ...flags);
    expect(stderr).to.contain("failed/timeout").and.to.contain("1.0 s");
    expect(code).to.equal(124);
    expect(stdout).to.contain("as arguments (the task says so): --n=1");
    const task = await product.tasks.get(/^task (\w+)/.exec(stdout)?.[1] as TaskId);
    expect(task.hyperparams["Windlass"]?.["on_lost"]?.value).to.equal("requeue");
  });

  it("gives nothing but JSON on standard output with --json, followed or not", async () => {
    const followed = await call("run", "--script", script, "--json");
    expect(JSON.parse(followed.stdout).status).to.equal("completed");
    expect(followed.stderr)
      .to.match(/^task [0-9a-f]{32}\n/)
      .and.to.contain("small []");
    const left = await call("run", "--script", script, "--json", "--no-follow");
    expect(left.code).to.equal(0);
    const { id, status } = JSON.parse(left.stdout);
    expect(["queued", "in_progress", "completed"]).to.include(status);
    await product.ended(id);
  });

  it("refuses a mistyped queue with a list of those that there are, unless it shall be made", async () => {
    const refused = await call("run", "--script", script, "--queue", "defualt", "--no-follow");
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.contain('there is no queue "defualt"').and.to.contain("There are: default. --create-queue");
    expect((await product.queues.all()).map(({ name }) => name)).to.deep.equal(["default"]);
    const made = await call("run", "--script", script, "--queue", "later", "--create-queue", "--no-follow");
    expect(made.code, made.stderr).to.equal(0);
    expect(made.stderr).to.contain('no agent serves the queue "later"');
  });

  it("names the project that the server refuses", async () => {
    const { code, stderr } = await call("run", "--script", script, "--project", "ab");
    expect(code).to.equal(1);
    expect(stderr).to.contain('the project "ab" cannot be made').and.to.contain("three characters");
  });

  it("leaves the record of an ended task alone", async () => {
    for (const how of ["ok", "fail"]) {
      const { stdout } = await call("run", "--script", script, "--args", `how=${how}`);
      const id = stdout.slice(5, 37) as TaskId;
      const before = await product.tasks.get(id);
      const aborted = await call("abort", id);
      expect(aborted.stdout).to.equal(`${id} is already ${how === "ok" ? "completed" : "failed"}\n`);
      expect(aborted.code).to.equal(0);
      expect(await product.tasks.get(id)).to.deep.equal(before);
    }
  });

  it("stops a waiting task, and says so a second time", async () => {
    const queue = await product.ensureQueue("waiting");
    const id = await product.createTask(program("never.py"));
    await product.tasks.enqueue(id, { id: queue });
    expect((await call("abort", id)).stdout).to.equal(`${id} stopped\n`);
    expect((await call("abort", id)).stdout).to.equal(`${id} is already stopped\n`);
    expect((await call("abort", "no such task")).code).to.equal(1);
  });

  it("puts a task that ended into a queue again, its results cleared when it is told so", async () => {
    const [queue, id] = [await product.ensureQueue("again"), await product.createTask(program("again.py"))];
    expect((await call("enqueue", id, "--queue", "again")).stdout).to.equal(`${id} queued in again\n`);
    await call("abort", id);
    expect((await call("enqueue", id.slice(0, 12), "--queue", queue)).stdout).to.equal(`${id} queued in again\n`);
    await product.tasks.setStatus("started", id, { reason: "", message: "" });
    expect((await call("enqueue", id, "--queue", "again")).stderr).to.contain("it runs\n  windlass abort");
    await product.tasks.setStatus("completed", id, { reason: "", message: "" });
    const refused = await call("enqueue", id, "--queue", "again");
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.contain("it has ended (completed)\n  --reset clears");
    expect((await call("enqueue", "--reset", id, "--queue", "again")).code).to.equal(0);
    const task = await product.tasks.get(id);
    expect([task.status, task.started ?? ""]).to.deep.equal(["queued", ""]);
    expect((await call("enqueue", id, "--queue", "agian")).stderr).to.contain('there is no queue "agian"');
    expect((await call("enqueue", id, "--queue", "ag", "--create-queue")).stderr).to.contain("has 3 characters at least");
    await call("abort", id);
  });

  it("shows where a task belongs, where it waits, and what it asks for", async () => {
    const queue = await product.ensureQueue("shown");
    for (const name of ["one.py", "two.py"]) await product.tasks.enqueue(await product.createTask(program(name)), { id: queue });
    const id = await product.createTask({ ...program("three.py"), name: "a third", container: { image: "img:1" }, type: "testing" });
    await product.tasks.enqueue(id, { id: queue });
    const { stdout } = await call("task", id);
    const row = (name: string): string | undefined => new RegExp(`^${name} +(.*)$`, "m").exec(stdout)?.[1];
    expect([row("project"), row("type"), row("queue"), row("image")]).to.deep.equal([
      "Windlass tests",
      "testing",
      "shown (3 of 3)",
      "img:1",
    ]);
    expect(row("created")).to.match(/ago\)$/);
    const list = (await call("tasks", "--status", "queued")).stdout;
    expect(list).to.match(/^TASK +STATUS +QUEUE +PROJECT +CHANGED +NAME/);
    expect(list).to.match(new RegExp(`${id} +queued +shown \\(3 of 3\\) +Windlass tests .*a third`));
    expect((await call("logs", id)).stderr).to.contain("has not run yet (status queued)");
  });

  it("stops and enqueues a task by its name only where no other has it; those that have ended do not count for a stop", async () => {
    const ids = [];
    for (const _ of [1, 2, 3]) ids.push(await product.createTask({ name: "twins", ...program("twin.py") }));
    await call("enqueue", ids[0] ?? "", ids[1] ?? "", "--queue", "nobody", "--create-queue");
    const refused = await call("abort", "twins");
    expect(refused.code).to.equal(1);
    expect(refused.stderr).to.contain('windlass: twins: several tasks are called "twins"\n  Name it by its id').and.to.contain(ids[1]);
    expect((await call("enqueue", "twins")).stderr).to.contain("several tasks");
    await call("abort", ids[0] ?? "");
    expect((await call("abort", "twins")).stdout).to.match(new RegExp(`^${ids[1]} `));
  });

  it("prints the last lines of a console, and its events as JSON", async () => {
    const diff = "for n in range(3000): print('line', n)\n";
    const task = await product.run("default", { script: { entry_point: "many.py", diff, binary: "python3" } });
    const whole = await product.consoleOf(task.id);
    const tail = (await call("logs", task.id, "--tail", "5")).stdout;
    expect(tail).to.equal(`${whole.trimEnd().split("\n").slice(-5).join("\n")}\n`);
    expect((await call("logs", task.id)).stdout).to.equal(whole);
    const events = (await call("logs", task.id, "--json")).stdout.trimEnd().split("\n");
    expect(events.map((line) => JSON.parse(line).msg).join("")).to.equal(whole);
    expect((await call("logs", task.id, "--tail", "0", "--follow")).stdout).to.equal("");
  });

  it("takes a new file of a folder along", async () => {
    const repository = await makeRepository({ "main.py": "print('old')\n" }, product.folder);
    await writeFile(join(repository.url, "fresh.py"), "import helper\n");
    await writeFile(join(repository.url, "helper.py"), "print('the helper is new, too')\n");
    const { code, stdout, stderr } = await call("run", "--folder", repository.url, "--script", "fresh.py", "--docker", "img:1");
    expect(code, stdout).to.equal(0);
    expect(stdout).to.contain("the helper is new, too");
    expect(stdout).to.contain("the task asks for the image img:1; this agent runs tasks as processes (no --docker), so it is not used");
    expect(stderr).to.contain("with fresh.py, helper.py, which git does not track yet");
    expect(await git(repository.url, "status", "--porcelain")).to.equal("?? fresh.py\n?? helper.py\n");
  });
});
