import { expect } from "chai";
import { Task } from "../../task/index.ts";
import { TaskPrograms } from "../support/task-programs.ts";

describe("parameters of tasks", function () {
  this.timeout(60_000);
  let programs: TaskPrograms;
  let task: Task;
  before(async () => {
    programs = await TaskPrograms.start();
  });
  beforeEach(async () => {
    task = (await Task.getTask({ taskId: await programs.server.task() })) as Task;
  });
  after(async () => await programs?.[Symbol.asyncDispose]());

  const stored = async () => (await programs.document(task.id)).hyperparams;
  const item = (section: string, name: string, value: string, type?: string) => ({ section, name, value, ...(type && { type }) });

  it("connect records values with their types, groups as paths, lists as JSON", async () => {
    const given = {
      epochs: 3,
      rate: 0.5,
      deep: true,
      name: "net",
      none: null,
      sizes: [8, 4],
      mixed: [1, "a"],
      optimizer: { kind: "adam", empty: {} },
    };
    task.connect(given, { name: "Net" });
    await task.flush();
    const { Net } = await stored();
    const flat = Object.values(Net as Record<string, { name: string; value: string; type: string }>).map(({ name, value, type }) => [
      name,
      value,
      type,
    ]);
    expect(flat).to.have.deep.members([
      ["epochs", "3", "int"],
      ["rate", "0.5", "float"],
      ["deep", "True", "bool"],
      ["name", "net", "str"],
      ["none", "", undefined],
      ["sizes", "[8, 4]", "list/int"],
      ["mixed", '[1, "a"]', "list"],
      ["optimizer/kind", "adam", "str"],
      ["optimizer/empty", "{}", "dict"],
    ]);
  });

  it("connect writes back what is set later, also in inner objects", async () => {
    const typed = task.connect({ rate: 0.5, inner: { size: 1 } });
    typed.rate = 0.25;
    typed.inner.size = 2;
    await task.flush();
    const { General } = await stored();
    expect([General.rate.value, General["inner/size"].value]).to.deep.equal(["0.25", "2"]);
    expect([typed.rate, typed.inner.size]).to.deep.equal([0.25, 2]);
  });

  it("connect under an agent takes the task's values, cast to the program's own, and keeps them", async () => {
    const values = {
      epochs: item("General", "epochs", "7", "int"),
      rate: item("General", "rate", "1e-3", "float"),
      deep: item("General", "deep", "false", "bool"),
      shallow: item("General", "shallow", "1"),
      name: item("General", "name", "12", "str"),
      sizes: item("General", "sizes", "(1, 2e0, 'x')"),
      none: item("General", "none", "5", "int"),
      wrong: item("General", "wrong", "many", "int"),
      "inner/size": item("General", "inner/size", "9", "int"),
    };
    const remote = await programs.server.task({ hyperparams: { General: values } });
    await programs.server.ask("tasks.started", { task: remote });
    const { said, stderr } = await programs.run(
      `const task = await Task.init();
       const local = { epochs: 1, rate: 0.5, deep: true, shallow: false, name: "net", sizes: [3], none: null, wrong: 4, added: "new", inner: { size: 1 } };
       const typed = task.connect(local);
       typed.epochs = 99;
       console.log("said " + JSON.stringify(typed));`,
      { env: { CLEARML_TASK_ID: remote } },
    );
    expect(said).to.deep.equal({
      ...{ epochs: 7, rate: 0.001, deep: false, shallow: true, name: "12", sizes: [1, 2, "x"], none: 5, wrong: 4, added: "new" },
      inner: { size: 9 },
    });
    expect(stderr).to.contain('General/wrong is "many"');
    expect((await programs.document(remote)).hyperparams.General.added.value).to.equal("new");
    expect((await programs.document(remote)).hyperparams.General.epochs.value).to.equal("7");
  });

  it("connect with ignoreRemoteOverrides keeps the program's values, until the web app switches that back", async () => {
    const program = `const task = await Task.init(); console.log("said " + task.connect({ rate: 1 }, { ignoreRemoteOverrides: true }).rate);`;
    const hyperparams = { General: { rate: item("General", "rate", "7", "int") } };
    const remote = await programs.server.task({ hyperparams });
    expect((await programs.run(program, { env: { CLEARML_TASK_ID: remote } })).said).to.equal(1);
    const flag = item("General", "_ignore_remote_overrides_", "False", "bool");
    await programs.server.ask("tasks.edit_hyper_params", { task: remote, hyperparams: [flag, hyperparams.General.rate], force: true });
    expect((await programs.run(program, { env: { CLEARML_TASK_ID: remote } })).said).to.equal(7);
  });

  it("connect takes instances of classes as they are", async () => {
    class Settings {
      rate = 0.5;
      _hidden = 1;
      #secret = 2;
      twice(): number {
        return this.rate * this.#secret;
      }
    }
    const settings = task.connect(new Settings());
    expect(settings.twice()).to.equal(1);
    await task.flush();
    expect(Object.keys((await stored()).General)).to.deep.equal(["rate"]);
  });

  it("setParameter, getParameter and deleteParameter handle one value and leave the others", async () => {
    await task.setParameter("Args/lr", 0.5, { description: "learning rate" });
    await task.setParameter("bare", true);
    await task.setParameter("Args/lr", "1", { valueType: "float" });
    expect((await stored()).Args.lr).to.deep.equal({ ...item("Args", "lr", "1", "float"), description: "learning rate" });
    expect([task.getParameter("Args/lr"), task.getParameter("Args/lr", 0, { cast: true }), task.getParameter("none", 3)]).to.deep.equal([
      "1",
      1,
      3,
    ]);
    expect(await task.deleteParameter("Args/lr")).to.equal(true);
    expect(await task.deleteParameter("Args/lr")).to.equal(false);
    expect((await stored()).Args).to.deep.equal({});
    expect((await stored()).General.bare.value).to.equal("True");
  });

  it("getParameters and getParametersAsDict give all of them, flat or in groups, as texts or cast", async () => {
    task.connect({ rate: 0.5, inner: { deep: true } }, { name: "Net" });
    expect(task.getParameters()).to.deep.equal({ "Net/rate": "0.5", "Net/inner/deep": "True" });
    expect(task.getParametersAsDict({ cast: true })).to.deep.equal({ Net: { rate: 0.5, inner: { deep: true } } });
  });

  it("setParameters, updateParameters and setParametersAsDict replace all, or only what they name", async () => {
    await task.setUserProperties({ mine: 1 });
    await task.setParameters({ "Args/a": 1 });
    expect(await stored()).to.have.all.keys("Args");
    await task.updateParameters({ "Args/b": 2 });
    await task.setParametersAsDict({ Args: { c: { d: 3 } }, Other: { e: "f" } });
    expect(task.getParameters()).to.deep.equal({ "Args/a": "1", "Args/b": "2", "Args/c/d": "3", "Other/e": "f" });
    await task.reload();
    expect(task.getParameters()).to.deep.equal({ "Args/a": "1", "Args/b": "2", "Args/c/d": "3", "Other/e": "f" });
  });

  it("setUserProperties, getUserProperties and deleteUserProperties work on any status", async () => {
    await task.markStarted();
    await task.markStopped();
    await task.publish();
    await task.setUserProperties({ size: 3, colour: { value: "red", description: "of the box" } });
    expect((await task.getUserProperties())["colour"]).to.include({ value: "red", description: "of the box" });
    expect((await stored()).properties.size).to.include({ value: "3", type: "int" });
    expect(await task.deleteUserProperties(["size"])).to.equal(true);
    expect(Object.keys(await task.getUserProperties())).to.deep.equal(["colour"]);
  });
});
