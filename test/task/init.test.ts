import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { commitAll, git } from "../support/repository.ts";
import { TaskPrograms } from "../support/task-programs.ts";

// biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program
const SAY_ID = "console.log(`said ${JSON.stringify(task.id)}`);";

describe("Task.init", function () {
  this.timeout(60_000);
  let programs: TaskPrograms;
  before(async () => {
    programs = await TaskPrograms.start();
  });
  after(async () => await programs?.[Symbol.asyncDispose]());

  it("records a program: its names, its text, its packages, its machine and what it prints", async () => {
    const { said } = await programs.run(`
      const task = await Task.init({ projectName: "Records/one", taskName: "first", tags: ["a tag"], taskType: "testing" });
      ${SAY_ID}
      console.error("to stderr");
      process.stdout.write("10%\\r55%\\r100%\\n");
      process.stdout.write(Buffer.from("gr\\u00fc\\u00dfe"));
    `);
    const task = await programs.document(said);
    expect(task).to.deep.include({ name: "first", type: "testing", tags: ["a tag"], status: "completed", status_reason: "completed" });
    expect(task.script).to.include({ binary: "node", repository: "", working_dir: "." });
    expect(task.script.diff).to.contain('taskName: "first"');
    expect(task.script.requirements.npm).to.equal(`# Node ${process.versions.node}\n\nleft-pad@^1.3.0\n`);
    expect(task.runtime).to.include({ node_version: process.versions.node, progress: "100" });
    expect(await programs.console(said)).to.equal(`said "${said}"\nto stderr\n100%\ngrüße\n`);
    const { project } = await programs.server.ask("projects.get_by_id", { project: task.project });
    expect(project.name).to.equal("Records/one");
  });

  it("records repository, branch, commit, place and uncommitted changes of tracked files", async () => {
    const folder = join(programs.folder, "checkout");
    await mkdir(join(folder, "src"), { recursive: true });
    await git(folder, "init", "-q", "-b", "trunk");
    await git(folder, "remote", "add", "origin", "https://somebody:secret@git.example.org/team/code.git");
    await writeFile(join(folder, "package.json"), '{"type":"module"}');
    const program = await programs.write(`const task = await Task.init({ projectName: "Records" }); ${SAY_ID}`, join(folder, "src"));
    const commit = await commitAll(folder, "first");
    await writeFile(program, `${await readFile(program, "utf8")}// changed\n`);
    await writeFile(join(folder, "untracked.ts"), "");
    const { said } = await programs.runFile(program, { cwd: folder });
    const { script } = await programs.document(said);
    expect(script).to.include({
      repository: "https://git.example.org/team/code.git",
      branch: "trunk",
      version_num: commit,
      working_dir: ".",
    });
    expect(script.entry_point).to.equal(`src/${program.split("/").at(-1)}`);
    expect(script.diff).to.contain("+// changed").and.not.contain("untracked");
  });

  it("says why a program failed: an error that nobody caught, with its stack in the console", async () => {
    const { said, code, stderr } = await programs.run(`
      const task = await Task.init({ projectName: "Records" });
      ${SAY_ID}
      setTimeout(() => { throw new RangeError("too far"); }, 10);
    `);
    expect(code).to.equal(1);
    expect(stderr).to.contain("RangeError: too far");
    expect(await programs.document(said)).to.include({ status: "failed", status_reason: "Exception too far" });
    expect(await programs.console(said))
      .to.contain("RangeError: too far")
      .and.contain("program-");
  });

  it("loses nothing of a program that calls process.exit at once", async () => {
    const { said, code } = await programs.run(`
      const task = await Task.init({ projectName: "Records" });
      ${SAY_ID}
      task.connect({ rate: 0.5 });
      task.logger.reportScalar({ title: "loss", series: "train", iteration: 3, value: 7 });
      process.exit(3);
    `);
    expect(code).to.equal(3);
    const task = await programs.document(said);
    expect(task).to.include({ status: "failed", status_reason: "exit code 3", last_iteration: 3 });
    expect(task.hyperparams.General.rate).to.include({ value: "0.5", type: "float" });
    expect(await programs.console(said)).to.contain("said");
  });

  it("loses nothing of a program that exits while its close is under way", async () => {
    const { said } = await programs.run(`
      const task = await Task.init({ projectName: "Records" });
      ${SAY_ID}
      task.logger.reportScalar({ title: "loss", series: "train", iteration: 3, value: 7 });
      void task.close();
      process.exit(5);
    `);
    expect(await programs.document(said)).to.include({ status: "completed", last_iteration: 3 });
  });

  it("takes a process.exit(0) and an exit code of 0 for completed", async () => {
    const { said } = await programs.run(`const task = await Task.init({ projectName: "Records" }); ${SAY_ID} process.exit(0);`);
    expect((await programs.document(said)).status).to.equal("completed");
  });

  it("ends a program by the signal that it got, and the task as stopped", async () => {
    const { said, signal } = await programs.run(`
      const task = await Task.init({ projectName: "Records" });
      ${SAY_ID}
      setInterval(() => undefined, 1000);
      process.kill(process.pid, "SIGTERM");
    `);
    expect(signal).to.equal("SIGTERM");
    expect(await programs.document(said)).to.include({ status: "stopped", status_reason: "signal SIGTERM" });
  });

  it("leaves a signal to a program that handles it", async () => {
    const { said, code } = await programs.run(`
      const task = await Task.init({ projectName: "Records" });
      ${SAY_ID}
      const busy = setInterval(() => undefined, 1000);
      process.on("SIGTERM", () => { console.log("saved"); clearInterval(busy); });
      process.kill(process.pid, "SIGTERM");
    `);
    expect(code).to.equal(0);
    expect((await programs.document(said)).status).to.equal("completed");
    expect(await programs.console(said)).to.contain("saved");
  });

  it("stops a program whose task is stopped on the server", async () => {
    const { said, signal, stderr } = await programs.run(
      `const task = await Task.init({ projectName: "Records", taskName: "to be aborted" }); ${SAY_ID} setInterval(() => undefined, 1000);`,
      {
        onStart: (child) =>
          child.stdout?.once("data", async (data: Buffer) => {
            const task = /"(\w+)"/.exec(data.toString())?.[1];
            await programs.server.ask("tasks.stop", { task });
          }),
      },
    );
    expect(signal).to.equal("SIGTERM");
    expect(stderr).to.contain("the task was stopped on the server");
    expect((await programs.document(said)).status).to.equal("stopped");
  });

  it("goes on without a server: one line, the program's own exit code, and the task in a folder", async () => {
    const { code, stderr, stdout } = await programs.run(
      `const task = await Task.init({ projectName: "Records", taskName: "alone" });
       task.connect({ rate: 1 });
       task.logger.reportScalar({ title: "a", series: "b", value: 1 });
       console.log("worked", task.id);
       process.exitCode = 4;`,
      { env: { CLEARML_API_HOST: "http://127.0.0.1:9" } },
    );
    expect(code).to.equal(4);
    expect(stdout).to.match(/^worked offline-/);
    expect(stderr.trim().split("\n")).to.have.length(1);
    const folder = /recorded in (\S+offline-\w+),/.exec(stderr)?.[1] ?? "";
    const task = JSON.parse(await readFile(join(folder, "task.json"), "utf8"));
    expect(task).to.deep.include({ name: "alone", project_name: "Records", status: "failed" });
    expect(task.hyperparams.General.rate.value).to.equal("1");
    expect(await readdir(folder)).to.include.members(["log.jsonl", "metrics.jsonl", "data"]);
  });

  it("goes on with a server that takes too long to answer", async () => {
    const { code, stderr, stdout } = await programs.run(`
      const net = await import("node:net");
      const silent = net.createServer(() => undefined).listen(0, "127.0.0.1");
      await new Promise((listening) => silent.once("listening", listening));
      process.env.CLEARML_API_HOST = "http://127.0.0.1:" + silent.address().port;
      const task = await Task.init({ projectName: "Records", timeoutMs: 200 });
      console.log("worked", task.isOfflineTask);
      silent.unref();`);
    expect([code, stdout]).to.deep.equal([0, "worked true\n"]);
    expect(stderr.trim().split("\n")).to.have.length(1);
    expect(stderr).to.contain("the server takes too long to answer");
  });

  it("goes on with a server that fails later, and tells in one line what it could not say", async () => {
    const { code, stderr } = await programs.run(
      `
      const http = await import("node:http");
      const upstream = process.env.CLEARML_API_HOST;
      let isAway = false;
      const proxy = http.createServer((request, response) => {
        if (isAway) return void response.writeHead(502).end("<html>bad gateway</html>");
        const target = http.request(upstream + request.url, { method: request.method, headers: request.headers }, (answer) => {
          response.writeHead(answer.statusCode, answer.headers);
          answer.pipe(response);
        });
        request.pipe(target);
      }).listen(0, "127.0.0.1");
      await new Promise((listening) => proxy.once("listening", listening));
      process.env.CLEARML_API_HOST = "http://127.0.0.1:" + proxy.address().port;
      const task = await Task.init({ projectName: "Records", autoConnectStreams: false });
      await task.flush();
      isAway = true;
      task.logger.reportScalar({ title: "a", series: "b", value: 1 });
      await task.close({ timeoutMs: 1500 });
      proxy.close();
      console.log("went on");`,
      { env: { CLEARML_API_HOST: programs.server.apiUrl } },
    );
    expect(code).to.equal(0);
    expect(stderr.trim().split("\n")).to.deep.equal([
      "windlass: the server did not take everything in 1.5 s: 1 events are lost, or how the task ended",
    ]);
  });

  it("ends in time when the server falls silent at the end", async () => {
    const { code, stderr } = await programs.run(
      `
      const http = await import("node:http");
      const upstream = process.env.CLEARML_API_HOST;
      const proxy = http.createServer((request, response) => {
        if (request.url.includes("tasks.completed")) return;
        const target = http.request(upstream + request.url, { method: request.method, headers: request.headers }, (answer) => {
          response.writeHead(answer.statusCode, answer.headers);
          answer.pipe(response);
        });
        request.pipe(target);
      }).listen(0, "127.0.0.1");
      await new Promise((listening) => proxy.once("listening", listening));
      process.env.CLEARML_API_HOST = "http://127.0.0.1:" + proxy.address().port;
      const task = await Task.init({ projectName: "Records", autoConnectStreams: false });
      await task.close({ timeoutMs: 500 });
      proxy.closeAllConnections();
      proxy.close();`,
      { env: { CLEARML_API_HOST: programs.server.apiUrl } },
    );
    expect(code).to.equal(0);
    expect(stderr).to.match(/^windlass: the server did not take everything in 0.5 s: [^\n]*\n$/);
  });

  it("uses the task of the last run again when it left nothing behind, and makes a new one when it did or is asked to", async () => {
    const program = (more: string, rest = "{}"): string =>
      `const task = await Task.init({ projectName: "Records", taskName: "again", ...${rest} }); ${SAY_ID} ${more}`;
    const first = await programs.run(program(`task.connect({ old: 1 }); console.log("old text");`));
    const second = await programs.run(program(`task.connect({ fresh: 1 });`));
    expect(second.said).to.equal(first.said);
    expect(Object.keys((await programs.document(second.said)).hyperparams.General)).to.deep.equal(["fresh"]);
    expect(await programs.console(second.said)).to.not.contain("old text");
    expect((await programs.run(program("", "{ reuseLastTaskId: false }"))).said).to.not.equal(first.said);
  });

  it("goes on with the last task behind its last iteration", async () => {
    const report = `task.logger.reportScalar({ title: "loss", series: "s", iteration: 0, value: 1 }); task.logger.reportScalar({ title: "loss", series: "s", iteration: 4, value: 2 });`;
    const first = await programs.run(`const task = await Task.init({ projectName: "Records", taskName: "longer" }); ${SAY_ID} ${report}`);
    const second = await programs.run(
      `const task = await Task.init({ projectName: "Records", taskName: "longer", continueLastTask: true }); ${SAY_ID} ${report}`,
    );
    expect(second.said).to.equal(first.said);
    const curves = await programs.server.ask("events.scalar_metrics_iter_histogram", { task: first.said });
    expect(curves.loss.s.x).to.deep.equal([0, 4, 5, 9]);
  });

  it("close and currentTask let the program go on without its task, and begin another", async () => {
    const { said, stderr } = await programs.run(`
      const task = await Task.init({ projectName: "Records", taskName: "closed" });
      const during = [Task.currentTask() === task, task.isMainTask(), task.isCurrentTask(), Task.runningLocally(), await Task.init() === task];
      console.log("before");
      await task.close();
      console.log("after");
      task.logger.reportScalar({ title: "late", series: "late", value: 1 });
      during.push(["SIGINT", "SIGTERM", "exit", "beforeExit", "uncaughtExceptionMonitor"].every((name) => process.listenerCount(name) === 0));
      const other = await Task.init({ projectName: "Records", taskName: "another" });
      console.log("said " + JSON.stringify([during, task.id, other.id, task.isMainTask()]));
    `);
    const [during, closed, other, isStill] = said;
    expect([...during, isStill]).to.deep.equal([true, true, true, true, true, true, false]);
    expect(stderr).to.equal("windlass: the task is closed: what is reported to it now is lost\n");
    expect(await programs.document(closed)).to.include({ status: "completed", name: "closed" });
    expect(await programs.console(closed)).to.equal("before\n");
    expect(await programs.document(other)).to.include({ status: "completed", name: "another" });
  });

  it("flush is waited for by a program that has nothing else to do, and the task goes on", async () => {
    const { said, code } = await programs.run(`
      const task = await Task.init({ projectName: "Records" });
      ${SAY_ID}
      for (let iteration = 0; iteration < 20000; iteration++) task.logger.reportScalar({ title: "a", series: "b", iteration, value: 1 });
      await task.flush();
      console.log("behind the flush");
      task.connect({ late: 1 });
      await task.setComment("said last");`);
    expect(code).to.equal(0);
    const task = await programs.document(said);
    expect(task).to.include({ status: "completed", comment: "said last", last_iteration: 19_999 });
    expect(task.hyperparams.General.late.value).to.equal("1");
    expect(await programs.console(said)).to.contain("behind the flush");
  });

  it("addRequirements, ignoreRequirements and forceRequirementsEnvFreeze say what the task needs", async () => {
    const { said } = await programs.run(`
      Task.addRequirements("added-one", "2.0.0");
      Task.ignoreRequirements("left-pad");
      const task = await Task.init({ projectName: "Records" });
      ${SAY_ID}`);
    expect((await programs.document(said)).script.requirements.npm).to.equal(`# Node ${process.versions.node}\n\nadded-one@2.0.0\n`);
    const lock = join(programs.folder, "other-lock.json");
    await writeFile(lock, '{"lockfileVersion":3}');
    const frozen = await programs.run(`
      Task.forceRequirementsEnvFreeze({ requirementsFile: ${JSON.stringify(lock)} });
      const task = await Task.init({ projectName: "Records" });
      ${SAY_ID}`);
    expect((await programs.document(frozen.said)).script.requirements.npm).to.equal('{"lockfileVersion":3}');
  });

  it("setCredentials names server and keys before everything else", async () => {
    const conf = await readFile(programs.server.configPath, "utf8");
    const [key, secret] = ["access_key", "secret_key"].map((name) => new RegExp(`"${name}": "([^"]+)"`).exec(conf)?.[1]);
    const options = { apiHost: programs.server.apiUrl, filesHost: programs.server.filesUrl, key, secret };
    const { said } = await programs.run(
      `Task.setCredentials(${JSON.stringify(options)}); const task = await Task.init({ projectName: "Records" }); ${SAY_ID}`,
      { env: { CLEARML_API_HOST: "http://127.0.0.1:9", CLEARML_CONFIG_FILE: "/nowhere" } },
    );
    expect((await programs.document(said)).status).to.equal("completed");
  });

  it("runningLocally is false under an agent: the task is there, and console and end are the agent's", async () => {
    const task = await programs.server.task({
      name: "queued",
      hyperparams: { General: { rate: { section: "General", name: "rate", value: "7", type: "int" } } },
    });
    await programs.server.ask("tasks.started", { task });
    const { said, stderr } = await programs.run(
      `const task = await Task.init({ projectName: "Ignored", taskName: "ignored" });
       console.log("said " + JSON.stringify([task.id, task.connect({ rate: 1 }).rate, Task.runningLocally()]));`,
      { env: { CLEARML_TASK_ID: task } },
    );
    expect(said, stderr).to.deep.equal([task, 7, false]);
    expect(await programs.document(task)).to.include({ name: "queued", status: "in_progress" });
    expect(await programs.console(task)).to.equal("");
  });

  it("setResourceMonitorIterationTimeout says when figures of the machine come, over the iterations", async () => {
    const { said } = await programs.run(`
      Task.setResourceMonitorIterationTimeout({ secondsFromStart: 0.1 });
      const task = await Task.init({ projectName: "Records" });
      ${SAY_ID}
      task.logger.reportScalar({ title: "loss", series: "s", iteration: 2, value: 1 });
      while (task.metricsManager.waiting < 6) await new Promise((soon) => setTimeout(soon, 20));
    `);
    const curves = await programs.server.ask("events.scalar_metrics_iter_histogram", { task: said });
    expect(Object.keys(curves[":monitor:machine"])).to.include.members([
      "cpu_usage",
      "memory_used_gb",
      "memory_free_gb",
      "disk_free_percent",
    ]);
    expect(curves[":monitor:machine"].memory_used_gb.x).to.deep.equal([2]);
  });
});
