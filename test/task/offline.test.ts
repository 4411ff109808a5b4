import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Task } from "../../task/index.ts";
import { PythonSdk, requirePython } from "../support/python-sdk.ts";
import { TaskPrograms } from "../support/task-programs.ts";

const PROGRAM = `
  Task.setOffline(true);
  const task = await Task.init({ projectName: "Offline/here", taskName: "recorded alone", tags: ["t"] });
  task.connect({ rate: 0.5, inner: { deep: true } });
  await task.connectConfiguration({ width: 3 }, { name: "net" });
  task.connectLabelEnumeration({ cat: 1 });
  await task.setComment("grüße");
  await task.setUserProperties({ mine: 1 });
  for (const iteration of [0, 1]) task.logger.reportScalar({ title: "loss", series: "train", iteration, value: iteration });
  task.logger.reportImage({ title: "images", series: "one", iteration: 1, bytes: new Uint8Array([1, 2]), kind: "png" });
  await task.uploadArtifact("data", { a: [1] });
  console.log("printed alone");
  const folder = task.getOfflineModeFolder();
  const refused = await Task.getTask({ taskId: "x" }).catch((error) => error.code);
  const stays = (() => { try { Task.setOffline(false); } catch (error) { return error.code; } })();
  console.log("said " + JSON.stringify([folder, Task.isOffline(), refused, stays]));`;

describe("offline sessions", function () {
  this.timeout(180_000);
  let sdk: PythonSdk;
  let programs: TaskPrograms;
  let folder: string;
  before(async function () {
    requirePython(this);
    sdk = await PythonSdk.start();
    programs = await TaskPrograms.start(sdk.server);
    const ended = await programs.run(PROGRAM, { env: { CLEARML_API_HOST: "http://127.0.0.1:9" } });
    expect(ended.stderr).to.equal("");
    let rest: unknown[];
    [folder, ...rest] = ended.said;
    expect(rest).to.deep.equal([true, "offline", "offline"]);
  });
  after(async () => await sdk?.[Symbol.asyncDispose]());

  const expectImported = async (id: string): Promise<void> => {
    const task = await programs.document(id);
    expect(task).to.deep.include({ name: "recorded alone", status: "completed", comment: "grüße", tags: ["t"] });
    expect(task.hyperparams.General["inner/deep"]).to.include({ value: "True", type: "bool" });
    expect(task.hyperparams.properties.mine.value).to.equal("1");
    expect(JSON.parse(task.configuration.net.value)).to.deep.equal({ width: 3 });
    expect(task.execution.model_labels).to.deep.equal({ cat: 1 });
    expect(task.script.diff).to.contain("recorded alone");
    const { project } = await programs.server.ask("projects.get_by_id", { project: task.project });
    expect(project.name).to.equal("Offline/here");
    const curves = await programs.server.ask("events.scalar_metrics_iter_histogram", { task: id });
    expect(curves.loss.train.y).to.deep.equal([0, 1]);
    expect(await programs.console(id)).to.contain("printed alone");
    const imported = (await Task.getTask({ taskId: id })) as Task;
    expect(imported.artifacts["data"]?.url).to.match(/^http/);
    expect(await imported.artifacts["data"]?.get()).to.deep.equal({ a: [1] });
    const { metrics } = await programs.server.ask("events.debug_images", { metrics: [{ task: id }] });
    const image = metrics[0].iterations[0].events[0];
    const response = await fetch(image.url, { headers: { authorization: `Bearer ${programs.server.token}` } });
    expect(new Uint8Array(await response.arrayBuffer())).to.deep.equal(new Uint8Array([1, 2]));
  };

  it("setOffline, isOffline and getOfflineModeFolder record without a server, in the files of the official SDK", async () => {
    const task = JSON.parse(await readFile(join(folder, "task.json"), "utf8"));
    expect(task).to.deep.include({ project_name: "Offline/here", offline_folder: folder, status: "completed" });
    const lines = (await readFile(join(folder, "metrics.jsonl"), "utf8")).trim().split("\n");
    expect(lines.map((line) => Array.isArray(JSON.parse(line)))).to.not.include(false);
  });

  it("importOfflineSession brings a folder or a zip to the server, with its files", async () => {
    await expectImported(await Task.importOfflineSession(folder));
    const moved = `${folder}.zip`;
    await rm(folder, { recursive: true });
    await expectImported(await Task.importOfflineSession(moved));
  });

  it("importOfflineSession goes on with an earlier task, its iterations moved", async () => {
    const id = await Task.importOfflineSession(`${folder}.zip`);
    expect(await Task.importOfflineSession(`${folder}.zip`, { previousTaskId: id, iterationOffset: 10 })).to.equal(id);
    const curves = await programs.server.ask("events.scalar_metrics_iter_histogram", { task: id });
    expect(curves.loss.train.x).to.deep.equal([0, 1, 10, 11]);
  });

  it("a Python program imports a session that was recorded here", async () => {
    const code = `from clearml import Task\nimport json\nprint("done " + json.dumps(Task.import_offline_session("${folder}.zip")))`;
    const { said, output } = await sdk.command("python", ["-c", code]);
    expect(said, output).to.be.a("string");
    await expectImported(said);
  });

  it("importOfflineSession reads a session of a Python program", async () => {
    const code = `
import json, os
from clearml import Task
Task.set_offline(True)
t = Task.init("Offline/python", "python alone", auto_resource_monitoring=False)
t.connect({"rate": 0.5})
t.get_logger().report_scalar("loss", "train", 0.25, 2)
t.upload_artifact("data", {"a": [1, 2]}, wait_on_upload=True)
print("printed in python")
folder = t.get_offline_mode_folder()
t.close()
print("done " + json.dumps(str(folder)))`;
    const { said, output } = await sdk.command("python", ["-c", code]);
    expect(said, output).to.be.a("string");
    const id = await Task.importOfflineSession(`${said}.zip`);
    const task = (await Task.getTask({ taskId: id })) as Task;
    expect([task.name, task.status, task.getParameter("General/rate")]).to.deep.equal(["python alone", "completed", "0.5"]);
    expect(await task.artifacts["data"]?.get()).to.deep.equal({ a: [1, 2] });
    expect((await task.getReportedScalars())["loss"]?.["train"]?.y).to.deep.equal([0.25]);
    expect(await programs.console(id)).to.contain("printed in python");
  });
});
