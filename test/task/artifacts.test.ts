import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect } from "chai";
import { type Artifact, Task } from "../../task/index.ts";
import { PythonSdk, requirePython } from "../support/python-sdk.ts";
import { TaskPrograms } from "../support/task-programs.ts";

describe("artifacts and models of tasks", function () {
  this.timeout(180_000);
  let sdk: PythonSdk;
  let programs: TaskPrograms;
  let task: Task;
  before(async function () {
    requirePython(this);
    sdk = await PythonSdk.start();
    programs = await TaskPrograms.start(sdk.server);
  });
  beforeEach(async () => {
    const project = (await programs.server.ask("projects.get_all", { name: "^Stored/here$" })).projects[0]?.id;
    const id = project ?? (await programs.server.ask("projects.create", { name: "Stored/here", description: "" })).id;
    task = (await Task.getTask({ taskId: await programs.server.task({ name: "it's stored", project: id }) })) as Task;
  });
  after(async () => await sdk?.[Symbol.asyncDispose]());

  const stored = async () => (await programs.document(task.id)).execution.artifacts;
  const artifact = (name: string): Artifact => task.artifacts[name] as Artifact;
  const fileOf = async (name: string): Promise<Buffer> => {
    const response = await fetch(artifact(name).url, { headers: { authorization: `Bearer ${programs.server.token}` } });
    return Buffer.from(await response.arrayBuffer());
  };

  it("uploadArtifact and artifacts keep data, texts, files, folders, bytes, streams, numbers and addresses", async () => {
    const folder = join(programs.folder, "kept folder");
    await mkdir(join(folder, "inner"), { recursive: true });
    await writeFile(join(folder, "inner/one.txt"), "one");
    const file = join(folder, "two.csv");
    await writeFile(file, "a,b\n1,x\n");
    const all = {
      data: { b: [1, { c: "d" }], a: 1 },
      list: [{ a: 1 }, { a: 2 }],
      text: "just a text",
      file,
      folder,
      both: [file, join(folder, "inner/one.txt")],
      bytes: new Uint8Array([1, 2, 3]),
      blob: new Blob(["in a blob"]),
      stream: Readable.from(["from ", "a stream"]),
      numbers: new Float32Array([0.5, 1.5]),
      address: "https://files.example.org/some/data.json",
    };
    for (const [name, object] of Object.entries(all)) expect(await task.uploadArtifact(name, object), name).to.equal(true);
    const byName = new Map<string, Record<string, unknown>>();
    for (const one of await stored()) byName.set(one.key, one);
    expect([...byName.values()].map(({ key, type }) => [key, type])).to.have.deep.members([
      ...[
        ["data", "dict"],
        ["list", "dict"],
        ["text", "string"],
        ["file", "custom"],
        ["folder", "archive"],
        ["both", "archive"],
      ],
      ...[
        ["bytes", "custom"],
        ["blob", "custom"],
        ["stream", "custom"],
        ["numbers", "numpy"],
        ["address", "custom"],
      ],
    ]);
    expect(await artifact("data").get()).to.deep.equal({ a: 1, b: [1, { c: "d" }] });
    expect(await artifact("list").get()).to.deep.equal([{ a: 1 }, { a: 2 }]);
    expect(await artifact("text").get()).to.equal("just a text");
    expect(await artifact("file").get()).to.deep.equal([{ a: 1, b: "x" }]);
    expect(await readFile(join((await artifact("folder").get()) as string, "inner/one.txt"), "utf8")).to.equal("one");
    expect(await readdir((await artifact("both").get()) as string)).to.have.members(["two.csv", "one.txt"]);
    expect(await artifact("bytes").get()).to.deep.equal(Buffer.from([1, 2, 3]));
    expect(await fileOf("blob")).to.deep.equal(Buffer.from("in a blob"));
    expect(await fileOf("stream")).to.deep.equal(Buffer.from("from a stream"));
    expect(await artifact("numbers").get()).to.deep.equal(new Float32Array([0.5, 1.5]));
    expect(artifact("address").url).to.equal(all.address);
  });

  it("uploadArtifact notes size, hash, kind, preview and metadata, and replaces what has the same name", async () => {
    await task.uploadArtifact("noted", "first");
    await task.uploadArtifact("noted", "hello", { metadata: { from: "a test", count: 3 }, preview: "shown" });
    const [noted, ...others] = await stored();
    expect(others).to.deep.equal([]);
    expect(noted).to.deep.include({ key: "noted", type: "string", mode: "output", content_size: 5 });
    expect(noted.hash).to.equal("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    expect(noted.type_data).to.deep.include({ preview: "shown", content_type: "text/plain" });
    expect(noted.uri).to.contain(`/Stored/here/it0x27s%20stored.${task.id}/artifacts/noted/noted.txt`);
    expect(artifact("noted").metadata).to.deep.equal({ from: "a test", count: "3" });
    expect([artifact("noted").size, artifact("noted").preview, artifact("noted").mode]).to.deep.equal([5, "shown", "output"]);
  });

  it("uploadArtifact refuses what it cannot store, and tells what the server does not take", async () => {
    expect(await task.uploadArtifact("odd", new Map()).catch((error) => error)).to.have.property("code", "bad-artifact");
    const { said, stderr } = await programs.run(`
      const http = await import("node:http");
      const files = http.createServer((request, response) => { request.resume(); response.writeHead(507).end("disk full"); }).listen(0, "127.0.0.1");
      await new Promise((listening) => files.once("listening", listening));
      process.env.CLEARML_FILES_HOST = "http://127.0.0.1:" + files.address().port;
      const task = await Task.init({ projectName: "Stored" });
      console.log("said " + await task.uploadArtifact("refused", "a text"));
      files.close();`);
    expect(said).to.equal(false);
    expect(stderr).to.contain("windlass: the artifact refused could not be stored").and.contain("disk full");
  });

  it("setArtifacts registers what is stored elsewhere, each in the place of its name", async () => {
    await task.uploadArtifact("mine", "text");
    await task.setArtifacts([
      { key: "elsewhere", type: "custom", uri: "s3://bucket/key" },
      { key: "mine", type: "custom", uri: "s3://bucket/other" },
    ]);
    expect((await stored()).map(({ key, uri }: { key: string; uri: string }) => [key, uri])).to.have.deep.members([
      ["elsewhere", "s3://bucket/key"],
      ["mine", "s3://bucket/other"],
    ]);
  });

  it("registerArtifact, getRegisteredArtifacts and unregisterArtifact keep a table as it changes", async () => {
    const rows = [{ epoch: 1, note: 'with "quotes", and commas' }];
    task.registerArtifact("table", rows);
    await task.flush();
    const first = artifact("table").hash;
    expect(await artifact("table").get()).to.deep.equal([{ epoch: 1, note: 'with "quotes", and commas' }]);
    await task.flush();
    expect(artifact("table").hash).to.equal(first);
    rows.push({ epoch: 2, note: "" });
    expect(task.getRegisteredArtifacts()).to.deep.equal({ table: rows });
    await task.unregisterArtifact("table");
    expect(task.getRegisteredArtifacts()).to.deep.equal({});
    expect(await artifact("table").get()).to.deep.equal([
      { epoch: 1, note: 'with "quotes", and commas' },
      { epoch: 2, note: null },
    ]);
    expect((await stored())[0].type).to.equal("data-audit-table");
  });

  it("getOutputDestination and cacheDir name the folders of what is stored and of what is downloaded", async () => {
    const root = join(programs.folder, "output");
    const { said } = await programs.run(`
      const task = await Task.init({ projectName: "Stored", outputUri: ${JSON.stringify(root)} });
      await task.uploadArtifact("kept", { a: 1 });
      console.log("said " + JSON.stringify([task.getOutputDestination(), task.artifacts.kept.url, task.cacheDir]));`);
    const [destination, url, cacheDir] = said;
    expect(destination).to.equal(root);
    expect(url.startsWith(`${root}/Stored/`)).to.equal(true);
    expect(JSON.parse(await readFile(url, "utf8"))).to.deep.equal({ a: 1 });
    expect(cacheDir).to.match(/cache\/[0-9a-f]{32}$/);
  });

  it("updateOutputModel, getModels and models store weights, and replace those of the same name", async () => {
    const file = join(programs.folder, "net.onnx");
    await writeFile(file, "weights");
    await task.setModelLabelEnumeration({ cat: 1 });
    const model = await task.updateOutputModel({ modelPath: file, comment: "the best", tags: ["t"], iteration: 7 });
    const { model: document } = await programs.server.ask("models.get_by_id", { model: model.id });
    expect(document).to.deep.include({
      name: "it's stored - net",
      framework: "ONNX",
      comment: "the best",
      tags: ["t"],
      labels: { cat: 1 },
      task: task.id,
    });
    expect((await programs.document(task.id)).last_iteration).to.equal(7);
    expect(await readFile(await model.getLocalCopy(), "utf8")).to.equal("weights");
    const again = await task.updateOutputModel({ modelPath: file, name: "net", deleteAfterUpload: true });
    expect(again.id).to.equal(model.id);
    expect(await stat(file).catch(() => "gone")).to.equal("gone");
    const { output, input } = await task.getModels();
    expect([output.map(({ entryName }) => entryName), input]).to.deep.equal([["net"], []]);
    expect((await task.models()).output[0]?.url).to.contain(`.${task.id}/models/net.onnx`);
  });

  it("setInputModel begins with a model by id or published name, and takes its labels", async () => {
    const fields = { name: "the base", uri: "s3://bucket/base", labels: { dog: 2 }, ready: true };
    const { id } = await programs.server.ask("models.create", fields);
    await task.setInputModel({ modelName: "the base" });
    expect((await programs.document(task.id)).models.input[0]).to.deep.include({ name: "the base", model: id });
    expect(task.getLabelsEnumeration()).to.deep.equal({ dog: 2 });
    await task.setInputModel({ modelId: id }, { name: "again" });
    expect((await task.getModels()).input.map(({ entryName }) => entryName)).to.have.members(["the base", "again"]);
    expect(await task.setInputModel({ modelName: "no such" }).catch((error) => error)).to.have.property("code", "no-model");
  });

  it("delete removes the task with its files and models, and refuses a published one", async () => {
    await task.uploadArtifact("kept", "text");
    task.logger.reportImage({ title: "i", series: "s", bytes: new Uint8Array([1]), kind: "png" });
    await task.flush();
    const file = join(programs.folder, "gone.pt");
    await writeFile(file, "weights");
    const model = await task.updateOutputModel({ modelPath: file });
    const urls = [artifact("kept").url, model.url];
    expect(await task.delete({ raiseOnError: true })).to.equal(true);
    expect(await programs.server.call("tasks.get_by_id", { task: task.id })).to.include({ status: 400, subcode: 101 });
    expect(await programs.server.call("models.get_by_id", { model: model.id })).to.include({ status: 400, subcode: 201 });
    const headers = { authorization: `Bearer ${programs.server.token}` };
    for (const url of urls) expect((await fetch(url, { headers })).status).to.equal(404);
    const published = (await Task.getTask({ taskId: await programs.server.task() })) as Task;
    await published.markStarted();
    await published.markStopped();
    await published.publish();
    expect(await published.delete().catch((error) => error)).to.have.property("code", "bad-status");
  });

  it("a Python program reads what was stored here: parameters, configuration, artifacts, model, scalars", async () => {
    task.connect({ rate: 0.5, deep: true, sizes: [1, 2], inner: { kind: "adam" } });
    await task.connectConfiguration({ width: 3, names: ["a"] }, { name: "net" });
    task.connectLabelEnumeration({ cat: 1 });
    task.logger.reportScalar({ title: "loss", series: "train", iteration: 2, value: 0.25 });
    task.registerArtifact("table", [{ a: 1, b: "x" }]);
    await task.uploadArtifact("data", { a: [1, 2] });
    await task.uploadArtifact("text", "just a text");
    await task.uploadArtifact("numbers", new Float64Array([0.5, 2]));
    await task.uploadArtifact(
      "folder",
      [task.cacheDir, import.meta.filename].filter((path) => path.endsWith(".ts")),
    );
    const file = join(programs.folder, "net.pt");
    await writeFile(file, "weights");
    await task.updateOutputModel({ modelPath: file });
    await task.flush();
    const { code, output, said } = await sdk.command("python", [
      "-c",
      `
import json
from clearml import Task
t = Task.get_task(task_id="${task.id}")
a = t.artifacts
print("done " + json.dumps({
  "parameters": t.get_parameters(cast=True), "nested": t.get_parameters_as_dict(),
  "configuration": t.get_configuration_object_as_dict("net"), "labels": t.get_labels_enumeration(),
  "data": a["data"].get(), "text": a["text"].get(), "numbers": a["numbers"].get().tolist(),
  "table": a["table"].get().to_dict("records"), "archive": a["folder"].type, "size": a["text"].size, "hash": a["text"].hash,
  "weights": open(t.models["output"][0].get_local_copy()).read(), "model": t.models["output"][0].framework,
  "scalars": t.get_reported_scalars()["loss"]["train"]["y"],
}))`,
    ]);
    expect(code, output).to.equal(0);
    expect(said).to.deep.include({
      parameters: { "General/rate": 0.5, "General/deep": true, "General/sizes": [1, 2], "General/inner/kind": "adam" },
      configuration: { width: 3, names: ["a"] },
      labels: { cat: 1 },
      data: { a: [1, 2] },
      text: "just a text",
      numbers: [0.5, 2],
      table: [{ a: 1, b: "x" }],
      archive: "archive",
      size: 11,
      weights: "weights",
      model: "PyTorch",
      scalars: [0.25],
    });
  });

  it("reads what a Python program stored: parameters, configuration, artifacts, model, scalars", async () => {
    const { code, output, said } = await sdk.command("python", [
      "-c",
      `
import json, numpy, pandas, os
from clearml import Task, OutputModel
t = Task.init("Stored/python", "from python", auto_resource_monitoring=False, auto_connect_streams=False)
t.connect({"rate": 0.5, "deep": True, "sizes": [1, 2], "pair": (1, 2), "none": None, "inner": {"kind": "adam"}})
t.connect_configuration({"width": 3, "inner": {"names": ["a", "b"], "text": "with: colon"}}, name="net")
t.connect_label_enumeration({"cat": 1})
t.upload_artifact("data", {"a": [1, 2]}, metadata={"k": "v"}, wait_on_upload=True)
t.upload_artifact("text", "just a text", wait_on_upload=True)
t.upload_artifact("numbers", numpy.array([[1, 2], [3, 4]], dtype="int32"), wait_on_upload=True)
t.upload_artifact("table", pandas.DataFrame([{"a": 1, "b": "x"}]), wait_on_upload=True)
t.upload_artifact("pickled", {1, 2}, wait_on_upload=True, auto_pickle=True)
open("net.pt", "w").write("weights")
OutputModel(t, framework="PyTorch", name="python net").update_weights("net.pt", auto_delete_file=False)
t.get_logger().report_scalar("loss", "train", 0.25, 2)
t.close()
print("done " + json.dumps(t.id))`,
    ]);
    expect(code, output).to.equal(0);
    const python = (await Task.getTask({ taskId: said })) as Task;
    expect(python.getParametersAsDict({ cast: true })["General"]).to.deep.equal({
      ...{ rate: 0.5, deep: true, sizes: [1, 2], pair: [1, 2], none: null, inner: { kind: "adam" } },
    });
    expect(await python.getConfigurationObjectAsDict("net")).to.deep.equal({ width: 3, inner: { names: ["a", "b"], text: "with: colon" } });
    expect(python.getLabelsEnumeration()).to.deep.equal({ cat: 1 });
    const get = async (name: string): Promise<unknown> => await python.artifacts[name]?.get();
    expect(await get("data")).to.deep.equal({ a: [1, 2] });
    expect(python.artifacts["data"]?.metadata).to.deep.equal({ k: "v" });
    expect(await get("text")).to.equal("just a text");
    expect(await get("numbers")).to.deep.equal({ shape: [2, 2], data: new Int32Array([1, 2, 3, 4]) });
    expect(await get("table")).to.deep.include.members([{ "": 0, a: 1, b: "x" }]);
    expect(await get("pickled").catch((error) => error)).to.have.property("code", "pickled");
    const [model] = (await python.getModels()).output;
    expect(await readFile((await model?.getLocalCopy()) ?? "", "utf8")).to.equal("weights");
    expect((await python.getReportedScalars())["loss"]?.["train"]?.y).to.deep.equal([0.25]);
  });
});
