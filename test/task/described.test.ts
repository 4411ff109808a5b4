import { expect } from "chai";
import { Task } from "../../task/index.ts";
import { TaskPrograms } from "../support/task-programs.ts";

describe("what describes a task", () => {
  let programs: TaskPrograms;
  let task: Task;
  before(async () => {
    programs = await TaskPrograms.start();
  });
  beforeEach(async () => {
    task = (await Task.getTask({ taskId: await programs.server.task() })) as Task;
  });
  after(async () => await programs?.[Symbol.asyncDispose]());

  const document = async () => await programs.document(task.id);

  it("setName, setComment and setTaskType change the task and what is known of it", async () => {
    await task.setName("another name");
    await task.setComment("what for");
    await task.setTaskType("inference");
    expect(await document()).to.include({ name: "another name", comment: "what for", type: "inference" });
    expect([task.name, task.comment, task.taskType]).to.deep.equal(["another name", "what for", "inference"]);
  });

  it("addTags adds a list, or a text split at spaces, each once", async () => {
    await task.addTags("one two");
    await task.addTags(["two", "three words"]);
    expect((await document()).tags).to.have.members(["one", "two", "three words"]);
    await task.setTags(["only"]);
    expect((await document()).tags).to.deep.equal(["only"]);
  });

  it("setParent takes another task, and not itself", async () => {
    const parent = await programs.server.task();
    await task.setParent(parent);
    expect((await document()).parent).to.equal(parent);
    expect(await task.setParent(task).catch((error) => error)).to.have.property("code", "bad-parent");
  });

  it("setArchived and getArchived put a task aside and back", async () => {
    await task.setArchived(true);
    expect((await document()).system_tags).to.include("archived");
    expect(task.getArchived()).to.equal(true);
    await task.setArchived(false);
    expect((await document()).system_tags ?? []).to.not.include("archived");
  });

  it("setBaseDocker and getBaseDocker name the container that an agent makes", async () => {
    expect(task.getBaseDocker()).to.equal(undefined);
    await task.setBaseDocker({ image: "node:24 --ipc host", arguments: ["--cpus", "2"], setupScript: ["echo one", "echo two"] });
    expect((await document()).container).to.deep.equal({
      image: "node:24",
      arguments: "--ipc host --cpus 2",
      setup_shell_script: "echo one\necho two",
    });
    expect(task.getBaseDocker()).to.equal("node:24 --ipc host --cpus 2");
  });

  it("moveToProject moves it, to a new project, too", async () => {
    await task.moveToProject({ projectName: "Moved/here" });
    const { project } = await programs.server.ask("projects.get_by_id", { project: (await document()).project });
    expect(project.name).to.equal("Moved/here");
    expect(await task.getProjectName()).to.equal("Moved/here");
  });

  it("isMainTask and isCurrentTask are false of a task that this program does not record", () => {
    expect([task.isMainTask(), task.isCurrentTask(), Task.currentTask()]).to.deep.equal([false, false, undefined]);
  });
});
