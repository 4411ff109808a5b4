import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Task } from "../../task/index.ts";
import { TaskPrograms } from "../support/task-programs.ts";

describe("configurations and labels of tasks", function () {
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

  const stored = async () => (await programs.document(task.id)).configuration;

  it("connectConfiguration records objects and files as they are", async () => {
    const file = join(programs.folder, "net.yaml");
    await writeFile(file, "width: 3 # wide\n");
    expect(await task.connectConfiguration({ width: 3 }, { name: "net", description: "its shape" })).to.deep.equal({ width: 3 });
    expect(await task.connectConfiguration(file, { name: "file" })).to.equal(file);
    await task.flush();
    const { net, file: stores } = await stored();
    expect(net).to.include({ type: "dictionary", description: "its shape" });
    expect(JSON.parse(net.value)).to.deep.equal({ width: 3 });
    expect(stores).to.include({ type: "yaml", value: "width: 3 # wide\n" });
  });

  it("connectConfiguration under an agent takes the task's: HOCON into objects and lists, text into a new file", async () => {
    const configuration = {
      net: { name: "net", type: "dictionary", value: 'width = 9\ninner { names = [a, "b"], path: http://host/x }' },
      list: { name: "list", type: "dictionary", value: "[1, 2]" },
      file: { name: "file", type: "yaml", value: "width: 9\n" },
      broken: { name: "broken", type: "dictionary", value: "{ a = " },
    };
    const remote = await programs.server.task({ configuration });
    const own = join(programs.folder, "own.yaml");
    await writeFile(own, "width: 1\n");
    const { said, stderr } = await programs.run(
      `const task = await Task.init();
       const take = async (value, name) => await task.connectConfiguration(value, { name });
       const path = await take(${JSON.stringify(own)}, "file");
       const all = [await take({ width: 1, gone: true }, "net"), await take([0], "list"), path, await take({ a: 1 }, "broken"), await take({ b: 1 }, "new")];
       console.log("said " + JSON.stringify(all));`,
      { env: { CLEARML_TASK_ID: remote } },
    );
    const [net, list, path, ...rest] = said;
    expect(net).to.deep.equal({ width: 9, inner: { names: ["a", "b"], path: "http://host/x" } });
    expect(list).to.deep.equal([1, 2]);
    expect(path).to.match(/clearml_task_config\.yaml$/);
    expect(await readFile(path, "utf8")).to.equal("width: 9\n");
    expect(rest).to.deep.equal([{ a: 1 }, { b: 1 }]);
    expect(stderr).to.contain("the task's configuration broken cannot be read");
    expect(JSON.parse((await programs.document(remote)).configuration.new.value)).to.deep.equal({ b: 1 });
  });

  it("setConfigurationObject, getConfigurationObject and getConfigurationObjects handle texts by name", async () => {
    await task.setConfigurationObject("text", { text: "a: 1", type: "yaml", description: "why" });
    await task.setConfigurationObject("dict", { dict: { a: [1] } });
    expect((await stored()).text).to.deep.equal({ name: "text", value: "a: 1", type: "yaml", description: "why" });
    await task.reload();
    expect(task.getConfigurationObject("text")).to.equal("a: 1");
    expect(task.getConfigurationObject("none")).to.equal(undefined);
    expect(task.getConfigurationObjects()).to.have.all.keys("text", "dict");
    expect(await task.getConfigurationObjectAsDict("dict")).to.deep.equal({ a: [1] });
    expect(await task.getConfigurationObjectAsDict("text")).to.deep.equal({ a: 1 });
  });

  it("setModelConfig, getModelConfigText, getModelConfigDict and getModelDesign are the old words for it", async () => {
    expect([task.getModelDesign(), await task.getModelConfigDict()]).to.deep.equal(["", {}]);
    await task.setModelConfig({ configText: "layers = 3" });
    expect((await stored()).General.value).to.equal("layers = 3");
    expect([task.getModelConfigText(), task.getModelDesign()]).to.deep.equal(["layers = 3", "layers = 3"]);
    expect(await task.getModelConfigDict()).to.deep.equal({ layers: 3 });
    await task.setModelConfig({ configDict: { layers: 4 } });
    expect(await task.getModelConfigDict()).to.deep.equal({ layers: 4 });
  });

  it("connectLabelEnumeration records labels, and takes the task's under an agent", async () => {
    task.connectLabelEnumeration({ background: 0, cat: 1 });
    await task.flush();
    expect((await programs.document(task.id)).execution.model_labels).to.deep.equal({ background: 0, cat: 1 });
    const { said } = await programs.run(
      `const task = await Task.init(); console.log("said " + JSON.stringify(task.connectLabelEnumeration({ dog: 5 })));`,
      { env: { CLEARML_TASK_ID: task.id } },
    );
    expect(said).to.deep.equal({ background: 0, cat: 1 });
  });

  it("setModelLabelEnumeration, getLabelsEnumeration, getLabelNumDescription, getNumOfClasses and labelsStats know the labels", async () => {
    expect([task.getLabelsEnumeration(), task.getNumOfClasses(), task.labelsStats]).to.deep.equal([{}, 0, {}]);
    await task.setModelLabelEnumeration({ background: 0, cat: 4 });
    expect((await programs.document(task.id)).execution.model_labels).to.deep.equal({ background: 0, cat: 4 });
    expect(task.getLabelsEnumeration()).to.deep.equal({ background: 0, cat: 4 });
    expect(task.getLabelNumDescription()).to.deep.equal({ 0: "background", 4: "cat" });
    expect(task.getNumOfClasses()).to.equal(5);
    await task.setModelLabelEnumeration({ cat: 1, kitten: 1 });
    expect(() => task.getLabelNumDescription()).to.throw("share the number 1");
    expect(() => task.connectLabelEnumeration({ cat: 0.5 })).to.throw("not a whole number");
  });

  it("updateModelDesc and saveExecModelDesignFile carry the design of old versions", async () => {
    const file = join(programs.folder, "design.txt");
    await writeFile(file, "three layers");
    expect(await task.saveExecModelDesignFile().catch((error) => error)).to.have.property("code", "no-model-design");
    await task.updateModelDesc(file);
    // As a client of an old version sees it.
    const { task: old } = await programs.server.ask("v2.8/tasks.get_by_id", { task: task.id });
    expect(old.execution.model_desc).to.deep.equal({ design: "three layers" });
    expect(await readFile(await task.saveExecModelDesignFile("again.txt"), "utf8")).to.equal("three layers");
  });
});
