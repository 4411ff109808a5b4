import { expect } from "chai";
import { Task } from "../../task/index.ts";
import { TaskPrograms } from "../support/task-programs.ts";

describe("finding, making and dropping tasks", () => {
  let programs: TaskPrograms;
  before(async () => {
    programs = await TaskPrograms.start();
  });
  after(async () => await programs?.[Symbol.asyncDispose]());

  const made = async (fields: object): Promise<string> => await programs.server.task(fields);
  const projectOf = async (name: string): Promise<string> => (await programs.server.ask("projects.create", { name, description: "" })).id;

  it("getTask finds by id, and the newest of exactly that name, one that is not archived first", async () => {
    const project = await projectOf("Found/by name");
    const archived = await made({ name: "same (name)", project, system_tags: ["archived"] });
    const other = await made({ name: "same (name) and more", project });
    const wanted = await made({ name: "same (name)", project });
    expect((await Task.getTask({ taskId: other }))?.name).to.equal("same (name) and more");
    expect((await Task.getTask({ projectName: "Found/by name", taskName: "same (name)" }))?.id).to.equal(wanted);
    await programs.server.ask("tasks.delete", { task: wanted });
    expect((await Task.getTask({ projectName: "Found/by name", taskName: "same (name)" }))?.id).to.equal(archived);
    expect(await Task.getTask({ projectName: "Found/by name", taskName: "same (name)", allowArchived: false })).to.equal(undefined);
    expect(await Task.getTask({ taskId: "0".repeat(32) })).to.equal(undefined);
  });

  it("getTasks finds by ids in their order, by projects, a part of the name, tags and any condition", async () => {
    const project = await projectOf("Found/many");
    const one = await made({ name: "alpha one", project, tags: ["x"] });
    const two = await made({ name: "alpha two", project, tags: ["y"] });
    const names = (tasks: readonly Task[]): string[] => tasks.map(({ name }) => name).toSorted();
    expect((await Task.getTasks({ taskIds: [two, one] })).map(({ id }) => id)).to.deep.equal([two, one]);
    expect(names(await Task.getTasks({ projectName: ["Found/many"], taskName: "alpha" }))).to.deep.equal(["alpha one", "alpha two"]);
    expect(names(await Task.getTasks({ projectName: "Found/many", tags: ["x"] }))).to.deep.equal(["alpha one"]);
    expect(names(await Task.getTasks({ projectName: "Found/many", taskFilter: { status: ["completed"] } }))).to.deep.equal([]);
    expect(await Task.getTasks({ projectName: "Found/nowhere" })).to.deep.equal([]);
  });

  it("getAll is the server's own query", async () => {
    const id = await made({ name: "raw query" });
    expect(await Task.getAll({ id: [id], only_fields: ["id", "name"] })).to.deep.equal([{ id, name: "raw query" }]);
  });

  it("getProjects and getProjectId tell what projects there are", async () => {
    const project = await projectOf("Listed project");
    expect((await Task.getProjects()).map(({ name }) => name)).to.include("Listed project");
    expect(await Task.getProjectId("Listed project")).to.equal(project);
    expect(await Task.getProjectId("Listed")).to.equal(undefined);
  });

  it("reload reads what somebody else changed", async () => {
    const task = await Task.getTask({ taskId: await made({ name: "before" }) });
    await programs.server.ask("tasks.edit", { task: task?.id, name: "after" });
    expect(task?.name).to.equal("before");
    await task?.reload();
    expect(task?.name).to.equal("after");
  });

  it("clone makes a draft with another name, comment, project, and the source for a parent", async () => {
    const project = await projectOf("Cloned into");
    const source = await made({ name: "the source", hyperparams: { Args: { lr: { section: "Args", name: "lr", value: "1" } } } });
    const clone = await Task.clone({ sourceTask: source, name: "the clone", comment: "why", project });
    const task = await programs.document(clone.id);
    expect(task).to.include({ name: "the clone", comment: "why", project, parent: source, status: "created" });
    expect(task.hyperparams.Args.lr.value).to.equal("1");
    expect((await Task.clone({ sourceTask: clone })).parent).to.equal(source);
  });

  it("create makes a draft of a repository with arguments, packages and a container", async () => {
    const task = await Task.create({
      projectName: "Created",
      taskName: "from a repository",
      repo: "https://git.example.org/team/code.git",
      branch: "main",
      commit: "a".repeat(40),
      script: "src/train.ts",
      workingDirectory: ".",
      packages: ["left-pad@1.3.0"],
      docker: "node:24",
      dockerArgs: "--cpus 2",
      argparseArgs: { rate: 0.5, deep: true },
    });
    const document = await programs.document(task.id);
    expect(document.script).to.deep.include({
      binary: "node",
      repository: "https://git.example.org/team/code.git",
      branch: "main",
      version_num: "a".repeat(40),
      entry_point: "src/train.ts",
      requirements: { npm: "left-pad@1.3.0" },
    });
    expect(document.container).to.deep.include({ image: "node:24", arguments: "--cpus 2" });
    expect(document.hyperparams.Args.deep).to.deep.include({ value: "True", type: "str" });
  });

  it("create takes a single file as the whole program, and a clone keeps its own", async () => {
    const file = await programs.write("console.log('alone');");
    const task = await Task.create({ taskName: "of a file", script: file });
    const { script } = await programs.document(task.id);
    expect(script).to.include({ binary: "node", repository: "", entry_point: file.split("/").at(-1) });
    expect(script.diff).to.contain("console.log('alone');");
    const clone = await Task.create({ baseTaskId: task.id, taskName: "of a task", argparseArgs: { lr: 1 } });
    const cloned = await programs.document(clone.id);
    expect(cloned.script.diff).to.equal(script.diff);
    expect(cloned.hyperparams.Args.lr.value).to.equal("1");
  });

  it("exportTask, importTask and updateTask carry a task over, put it into one, and mix it in", async () => {
    const project = await projectOf("Exported");
    const lr = { section: "Args", name: "lr", value: "1", type: "int" };
    const source = await Task.getTask({
      taskId: await made({
        name: "exported",
        type: "testing",
        output_dest: "/some/folder",
        project,
        tags: ["kept"],
        hyperparams: { Args: { lr } },
      }),
    });
    const data = JSON.parse(JSON.stringify(await source?.exportTask()));
    expect(data).to.deep.include({ project_name: "Exported", name: "exported" });
    expect(data).to.not.have.any.keys("last_metrics", "status_message");
    const copy = await Task.importTask({ ...data, name: "imported" });
    expect(await programs.document(copy.id)).to.deep.include({
      name: "imported",
      type: "testing",
      output: { destination: "/some/folder" },
      project,
      tags: ["kept"],
    });
    await copy.updateTask({ hyperparams: { Args: { more: { ...lr, name: "more" } } } });
    expect(Object.keys((await programs.document(copy.id)).hyperparams.Args)).to.have.members(["lr", "more"]);
    await Task.importTask({ hyperparams: { Args: { lr } } }, { targetTask: copy });
    expect(Object.keys((await programs.document(copy.id)).hyperparams.Args)).to.deep.equal(["lr"]);
  });
});
