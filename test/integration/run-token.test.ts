import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Product } from "../support/product.ts";

/** What a program may do to its own task and to another one, with the token in its environment. */
const program = (other: string): string => `
import json, os, urllib.error, urllib.request
def edit(task):
    request = urllib.request.Request(os.environ["CLEARML_API_HOST"] + "/tasks.edit", method="POST",
        data=json.dumps({"task": task, "comment": "written by a run", "force": True}).encode(),
        headers={"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["CLEARML_AUTH_TOKEN"]})
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code
print("own", edit(os.environ["CLEARML_TASK_ID"]), "other", edit("${other}"))
`;
const SDK_PROGRAM = `
from clearml import Task
task = Task.init(project_name="Windlass tests", task_name="limited", auto_connect_frameworks=False)
task.connect({"lr": 0.1})
task.get_logger().report_scalar("loss", "train", iteration=1, value=2.0)
task.upload_artifact("notes", artifact_object="text")
print("the program is done")
`;

describe("the token of a run", () => {
  let product: Product;
  before(async function () {
    this.timeout(30_000);
    product = await Product.start();
    const config = join(product.folder, "token.yaml");
    await writeFile(config, "queues:\n  strangers: { task_access: own-task }\n");
    await product.startDaemon({ queues: ["strangers", "friends"], args: ["--config", config] });
  });
  after(async function () {
    this.timeout(30_000);
    await product?.[Symbol.asyncDispose]();
  });

  async function saidOn(queue: string): Promise<string | undefined> {
    const other = await product.createTask({ name: "another task" });
    const task = await product.run(queue, { script: { entry_point: "edit.py", diff: program(other), binary: "python3" } });
    return /own .*/.exec(await product.consoleOf(task.id))?.[0];
  }

  it("may change any task, unless its queue says otherwise", async function () {
    this.timeout(30_000);
    expect(await saidOn("friends")).to.equal("own 200 other 200");
    expect(await saidOn("strangers")).to.equal("own 200 other 403");
  });

  it("cannot be limited by an agent that has a token and no keys, which says so", async function () {
    this.timeout(30_000);
    const { token } = await product.session.call<{ token: string }>("auth.login", {});
    const state = join(product.folder, "state-keyless");
    const env = { CLEARML_CONFIG_FILE: join(product.folder, "none.conf"), CLEARML_API_HOST: product.apiUrl, CLEARML_AUTH_TOKEN: token };
    const args = ["--config", join(product.folder, "keyless.yaml")];
    await writeFile(args[1] ?? "", "run: { task_access: own-task }\n");
    const agent = await product.startDaemon({ queues: ["keyless"], name: "keyless", stateFolder: state, args, env });
    expect(await saidOn("keyless")).to.equal("own 200 other 200");
    expect(agent.output).to.contain("own-task is not in force");
  });

  it("that is limited to its own task is enough for the official SDK", async function () {
    this.timeout(240_000);
    const script = { entry_point: "limited.py", diff: SDK_PROGRAM, binary: "python3", requirements: { pip: "clearml" } };
    const task = await product.run("strangers", { name: "limited", script }, 230_000);
    const text = await product.consoleOf(task.id);
    expect(task.status, text).to.equal("completed");
    expect(text).to.contain("the program is done");
    expect((await product.events.curves(task.id))["loss"]?.["train"]?.y).to.deep.equal([2]);
    expect(task.hyperparams["General"]?.["lr"]?.value).to.equal("0.1");
  });
});
