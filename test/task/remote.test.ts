import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { TaskPrograms } from "../support/task-programs.ts";

const COMMANDER = pathToFileURL(new URL("../../node_modules/commander/index.js", import.meta.url).pathname).href;

describe("programs that run elsewhere", function () {
  this.timeout(60_000);
  let programs: TaskPrograms;
  let queue: string;
  before(async () => {
    programs = await TaskPrograms.start();
    queue = (await programs.server.ask("queues.create", { name: "elsewhere" })).id;
  });
  after(async () => await programs?.[Symbol.asyncDispose]());

  const entries = async (): Promise<string[]> =>
    (await programs.server.ask("queues.get_by_id", { queue })).queue.entries.map((entry: { task: string }) => entry.task);

  const clonedWith = async (task: string, section: string, values: readonly (readonly [string, string, string])[]): Promise<string> => {
    const { id } = await programs.server.ask("tasks.clone", { task });
    const hyperparams = values.map(([name, value, type]) => ({ section, name, value, type }));
    await programs.server.ask("tasks.edit_hyper_params", { task: id, hyperparams });
    return id as string;
  };

  it("executeRemotely sends the program to a queue and ends it, and does nothing under an agent", async () => {
    const file = await programs.write(`
      const task = await Task.init({ projectName: "Elsewhere" });
      console.log("said " + JSON.stringify(task.id));
      const { rate } = task.connect({ rate: 1 });
      console.log("here");
      await task.executeRemotely({ queueName: "elsewhere" });
      console.log("there with", rate);`);
    const here = await programs.runFile(file);
    expect(here.code).to.equal(0);
    expect(here.stdout).to.contain("here").and.not.contain("there");
    expect(await entries()).to.include(here.said);
    const task = await programs.document(here.said);
    expect(task).to.include({ status: "queued" });
    expect(task.script.diff).to.contain("executeRemotely");
    expect(await programs.console(here.said)).to.contain("here");
    const clone = await clonedWith(here.said, "General", [["rate", "9", "int"]]);
    const there = await programs.runFile(file, { env: { CLEARML_TASK_ID: clone } });
    expect(there.stdout).to.contain("there with 9");
  });

  it("executeRemotely sends a copy when asked to, and the program goes on", async () => {
    const { said, stdout } = await programs.run(`
      const task = await Task.init({ projectName: "Elsewhere" });
      const copy = await task.executeRemotely({ queueName: "elsewhere", clone: true, exitProcess: false });
      const refused = await task.executeRemotely({ exitProcess: false }).catch((error) => error.code);
      console.log("said " + JSON.stringify([task.id, copy.id, refused]));`);
    const [own, copy, refused] = said;
    expect(refused).to.equal("bad-options");
    expect(stdout).to.contain("said");
    expect(await entries())
      .to.include(copy)
      .and.not.include(own);
    expect(await programs.document(copy)).to.include({ status: "queued", parent: own });
    expect((await programs.document(copy)).script.diff).to.contain("executeRemotely");
    expect((await programs.document(own)).status).to.equal("completed");
  });

  it("executeRemotely without a queue leaves a draft", async () => {
    const { said } = await programs.run(`
      const task = await Task.init({ projectName: "Elsewhere" });
      console.log("said " + JSON.stringify(task.id));
      task.connect({ rate: 1 });
      await task.executeRemotely();`);
    const task = await programs.document(said);
    expect(task.status).to.equal("created");
    expect(task.system_tags ?? []).to.not.include("development");
    expect(task.hyperparams.General.rate.value).to.equal("1");
  });

  it("createFunctionTask makes a task of one function, with parameters that can be changed", async () => {
    const file = await programs.write(`
      const task = await Task.init({ projectName: "Elsewhere", taskName: "with functions" });
      const square = await task.createFunctionTask("square", ({ x }) => console.log("square is", x * x), { parameters: { x: 3 } });
      const other = await task.createFunctionTask("other", () => console.log("never"), { taskName: "the other" });
      const twice = await task.createFunctionTask("square", () => 0).catch((error) => error.code);
      console.log("said " + JSON.stringify([task.id, square.id, other.id, twice]));`);
    const here = await programs.runFile(file);
    const [own, square, other, twice] = here.said;
    expect(twice).to.equal("bad-options");
    const task = await programs.document(square);
    expect(task).to.include({ name: "with functions square", parent: own, status: "created" });
    expect(task.system_tags).to.include("func");
    expect(task.hyperparams.Function.__func_readonly__.value).to.equal("square");
    expect((await programs.document(other)).name).to.equal("the other");
    await programs.server.ask("tasks.edit_hyper_params", {
      task: square,
      hyperparams: [{ section: "Function", name: "x", value: "5", type: "int" }],
    });
    const there = await programs.runFile(file, { env: { CLEARML_TASK_ID: square } });
    expect([there.code, there.stdout]).to.deep.equal([0, "square is 25\n"]);
  });

  it("debugSimulateRemoteTask takes the task's values, and yet tells console and end itself", async () => {
    const hyperparams = { General: { rate: { section: "General", name: "rate", value: "8", type: "int" } } };
    const id = await programs.server.task({ hyperparams });
    const { said } = await programs.run(`
      await Task.debugSimulateRemoteTask(${JSON.stringify(id)}, { resetTask: true });
      const task = await Task.init();
      console.log("said " + JSON.stringify([task.id, task.connect({ rate: 1 }).rate, Task.runningLocally()]));`);
    expect(said).to.deep.equal([id, 8, false]);
    expect((await programs.document(id)).status).to.equal("completed");
    expect(await programs.console(id)).to.contain("said");
  });

  it("connectArguments records what parseArgs gives, and takes the task's values unless the command line has its own", async () => {
    const file = await programs.write(`
      import { parseArgs } from "node:util";
      const task = await Task.init({ projectName: "Elsewhere" });
      const options = { rate: { type: "string", default: "0.1" }, deep: { type: "boolean", default: false }, name: { type: "string" }, size: { type: "string", default: "1" } };
      const { values, tokens } = parseArgs({ options, tokens: true });
      task.connectArguments(values, { given: tokens.filter(({ kind }) => kind === "option").map(({ name }) => name) });
      console.log("said " + JSON.stringify([task.id, values]));`);
    const here = await programs.runFile(file, { args: ["--rate", "0.5"] });
    const [id, values] = here.said;
    expect(values).to.deep.equal({ rate: "0.5", deep: false, size: "1" });
    expect((await programs.document(id)).hyperparams.Args.deep).to.include({ value: "False", type: "bool" });
    const clone = await clonedWith(id, "Args", [
      ["rate", "0.9", "str"],
      ["deep", "True", "bool"],
      ["name", "given", "str"],
      ["size", "7", "str"],
    ]);
    const there = await programs.runFile(file, { args: ["--size", "2"], env: { CLEARML_TASK_ID: clone } });
    expect(there.said[1]).to.deep.equal({ rate: "0.9", deep: true, name: "given", size: "2" });
  });

  it("connectCommand does the same for commander, with the program's own readers", async () => {
    const file = await programs.write(`
      import { Command, InvalidArgumentError } from ${JSON.stringify(COMMANDER)};
      const task = await Task.init({ projectName: "Elsewhere" });
      const program = new Command().option("-r, --rate <number>", "how fast", Number, 0.1).option("--deep", "go deep").option("--no-colour", "plain").option("--size <n>", "", Number, 1);
      program.parse();
      task.connectCommand(program);
      console.log("said " + JSON.stringify([task.id, program.opts()]));`);
    const here = await programs.runFile(file, { args: ["--size", "3"] });
    const [id, values] = here.said;
    expect(values).to.deep.equal({ rate: 0.1, colour: true, size: 3 });
    expect((await programs.document(id)).hyperparams.Args.rate).to.include({ value: "0.1", type: "float", description: "how fast" });
    const clone = await clonedWith(id, "Args", [
      ["rate", "0.9", "float"],
      ["deep", "True", "bool"],
      ["colour", "False", "bool"],
      ["size", "7", "int"],
    ]);
    const there = await programs.runFile(file, { args: ["--size", "2"], env: { CLEARML_TASK_ID: clone } });
    expect(there.said[1]).to.deep.equal({ rate: 0.9, deep: true, colour: false, size: 2 });
  });
});
