import { expect } from "chai";
import { ProgramProcess } from "../support/product.ts";
import { PythonSdk, requirePython } from "../support/python-sdk.ts";
import { plainEnvironment } from "../support/windlass-command.ts";

const PROGRAMS = ["sent", "pipeline_queued", "optimizer"];

/** A step without packages of its own, so that it runs within a second: it reports what it was given. */
const STEP = `import json, os, urllib.request

def call(endpoint, body):
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["CLEARML_AUTH_TOKEN"]}
    request = urllib.request.Request(os.environ["CLEARML_API_HOST"] + "/" + endpoint, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))["data"]

task = os.environ["CLEARML_TASK_ID"]
given = call("tasks.get_by_id", {"task": task})["task"]["hyperparams"]["General"]
value = float(given["a"]["value"])
call("events.add", {"task": task, "type": "training_stats_scalar", "metric": "score", "variant": "total", "iter": 1, "value": value})
`;

describe("the official Python SDK with an agent of ours", function () {
  this.timeout(240_000);
  let sdk: PythonSdk;
  let agent: ProgramProcess;
  before(async function () {
    requirePython(this);
    sdk = await PythonSdk.start();
    await sdk.server.ask("queues.create", { name: "agent queue" });
    const { id: project } = await sdk.server.ask("projects.create", { name: "SDK agent" });
    const item = (name: string, value: string) => ({ section: "General", name, value });
    const hyperparams = { General: { a: item("a", "1"), b: item("b", "none") } };
    await sdk.server.task({ name: "a step", project, hyperparams, script: { entry_point: "step.py", diff: STEP, binary: "python3" } });
    const env = { ...plainEnvironment(), CLEARML_CONFIG_FILE: sdk.server.configPath, CLEARML_WORKER_NAME: "sdk" } as Record<string, string>;
    agent = new ProgramProcess({}, ["daemon", "--queue", "agent queue", "--state", `${sdk.server.folder}/agent`, "--slots", "3"], env);
    sdk.begin(PROGRAMS);
  });
  after(async () => {
    await agent?.end();
    await sdk?.[Symbol.asyncDispose]();
  });

  it("runs the steps of a pipeline through a queue", async () => {
    const { task, steps } = await sdk.said("pipeline_queued");
    expect((await sdk.server.ask("tasks.get_by_id", { task })).task.status).to.equal("completed");
    const { task: last } = await sdk.server.ask("tasks.get_by_id", { task: steps.three });
    expect(last).to.include({ status: "completed", parent: task });
    expect(last.last_worker).to.match(/^sdk:/);
  });

  it("runs the tasks of a random search, and the best are found", async () => {
    const { best, values } = await sdk.said("optimizer");
    const { tasks } = await sdk.server.ask("tasks.get_all", { id: best, only_fields: ["status"] });
    expect(tasks.map(({ status }: { status: string }) => status)).to.deep.equal(["completed", "completed", "completed"]);
    expect(values.every((value: number) => value >= 1 && value <= 3)).to.equal(true);
  });

  it("runs a program that sent itself, and a function that was sent", async () => {
    const { itself, function: made } = await sdk.said("sent");
    for (const id of [itself, made]) {
      const { task } = await sdk.server.ask("tasks.get_by_id", { task: id });
      expect(task).to.include({ status: "completed" });
      expect(task.last_worker).to.match(/^sdk:/);
    }
  });
});
