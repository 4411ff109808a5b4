import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { PythonSdk, requirePython } from "../support/python-sdk.ts";

const PROGRAMS = ["pipeline_local", "pipeline_decorated", "datasets", "schedulers", "api_client"];

describe("the official Python SDK: datasets, pipelines, schedulers and commands", function () {
  this.timeout(240_000);
  let sdk: PythonSdk;
  before(async function () {
    requirePython(this);
    sdk = await PythonSdk.start();
    sdk.begin(PROGRAMS);
  });
  after(async () => await sdk?.[Symbol.asyncDispose]());

  const taskOf = async (id: string) => (await sdk.server.ask("tasks.get_by_id", { task: id })).task;

  it("makes a dataset and a version above it, fetches, finds, squashes and deletes them", async () => {
    const { first, second, squashed } = await sdk.said("datasets");
    const child = await taskOf(second);
    expect(child).to.include({ status: "published", type: "data_processing" });
    expect(child.system_tags).to.include("dataset");
    expect(child.runtime).to.include({ version: "1.0.1" });
    expect((await taskOf(first)).tags).to.deep.equal(["raw"]);
    expect(await sdk.server.call("tasks.get_by_id", { task: squashed })).to.include({ status: 400, subcode: 101 });
  });

  it("runs a pipeline of function steps here", async () => {
    const { task, steps } = await sdk.said("pipeline_local");
    expect(await taskOf(task)).to.include({ status: "completed", type: "controller" });
    expect((await taskOf(steps.total)).parent).to.equal(task);
  });

  it("runs a pipeline by decorators, in debug mode and as processes", async () => {
    const { task } = await sdk.said("pipeline_decorated");
    expect((await taskOf(task)).status).to.equal("completed");
  });

  it("enqueues what a schedule and a trigger say, once", async () => {
    const { queue, base } = await sdk.said("schedulers");
    const { entries } = (await sdk.server.ask("queues.get_by_id", { queue })).queue;
    for (const { task } of entries) expect((await taskOf(task)).parent).to.equal(base);
    expect(entries.length).to.equal(2);
  });

  it("answers the calls of APIClient over all its services", async () => {
    const { project } = await sdk.said("api_client");
    expect(await sdk.server.call("projects.get_by_id", { project })).to.include({ status: 400, subcode: 401 });
  });

  it("clearml-task makes a task from a script and enqueues it", async () => {
    const { id: queue } = await sdk.server.ask("queues.create", { name: "command queue" });
    const script = join(sdk.folder, "train.py");
    await writeFile(script, "print('trains')\n");
    const flags = ["--project", "SDK commands", "--name", "by command", "--script", script, "--queue", "command queue", "--args", "lr=0.5"];
    const { code, output } = await sdk.command("clearml-task", [...flags, "--packages", "six", "--skip-task-init"]);
    expect(code, output).to.equal(0);
    const { entries } = (await sdk.server.ask("queues.get_by_id", { queue })).queue;
    const task = await taskOf(entries[0].task);
    expect(task).to.include({ name: "by command", status: "queued" });
    expect(task.hyperparams.Args.lr.value).to.equal("0.5");
    expect(task.script.requirements.pip).to.contain("six");
  });

  it("clearml-data creates, adds, closes, lists and gets a dataset", async () => {
    const folder = await mkdtemp(join(sdk.folder, "data-"));
    await writeFile(join(folder, "one.txt"), "one");
    const data = async (...args: string[]): Promise<string> => {
      const { code, output } = await sdk.command("clearml-data", args);
      expect(code, output).to.equal(0);
      return output;
    };
    const id = /id=([0-9a-f]{32})/.exec(await data("create", "--project", "SDK commands", "--name", "by command"))?.[1] ?? "";
    await data("add", "--id", id, "--files", folder);
    await data("close", "--id", id);
    expect(await data("list", "--id", id)).to.contain("one.txt");
    expect(await data("get", "--id", id)).to.contain(id);
    const child =
      /id=([0-9a-f]{32})/.exec(await data("create", "--project", "SDK commands", "--name", "by command", "--parents", id))?.[1] ?? "";
    await data("close", "--id", child);
    expect((await taskOf(child)).runtime.version).to.equal("1.0.1");
    expect((await taskOf(id)).status).to.equal("completed");
  });

  it("meets no answer that an SDK never gets", async () => {
    await Promise.all(PROGRAMS.map(async (name) => await sdk.said(name).catch(() => undefined)));
    expect(sdk.unexpectedRefusals()).to.deep.equal([]);
  });
});
