import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { TaskId } from "../../api/wire/ids.ts";
import type { Task } from "../../api/wire/task.ts";
import { eventually, Product, type ProgramProcess } from "./product.ts";
import { makeRepository } from "./repository.ts";

/**
 * What a researcher's task has to see, the same for both engines: real repositories, real requirements, the real SDK.
 * `test/integration/product-process.test.ts` and `test/docker/product-docker.test.ts` say which engine it is.
 */
export interface EngineUnderTest {
  readonly name: "process" | "docker";
  /** Flags of the daemon that choose the engine. */
  readonly daemonArgs: () => Promise<readonly string[]>;
}

export const QUEUE = "default";

const SDK_PROGRAM = `
from clearml import Task
task = Task.init(project_name="Windlass tests", task_name="sdk program", auto_connect_frameworks=False)
parameters = {"lr": 0.1, "epochs": 2}
task.connect(parameters)
print("the learning rate is", parameters["lr"])
for iteration, value in enumerate([3.0, 2.0, 1.5]):
    task.get_logger().report_scalar("loss", "train", iteration=iteration, value=value)
task.upload_artifact("notes", artifact_object="some text of an artifact")
task.get_logger().flush(wait=True)
print("the program is done")
`;

/** Tidies up at an abort, registered by the SDK's own means, for longer than the grace of an ordinary stop. */
const TIDY_PROGRAM = `
import time
from clearml import Task
task = Task.init(project_name="Windlass tests", task_name="tidy program", auto_connect_frameworks=False)
def tidy():
    print("tidying up", flush=True)
    time.sleep(14)
    print("all is tidy", flush=True)
task.register_abort_callback(tidy, callback_execution_timeout=60)
print("it may be aborted", flush=True)
time.sleep(600)
`;

/** 100,000 lines in turn to both streams, bytes that are no UTF-8, a line of 1 MiB, and a progress bar. */
const NOISY_PROGRAM = `
import os, sys
out, err = 1, 2
for n in range(100000):
    os.write(out if n % 2 == 0 else err, b"line %06d\\n" % n)
os.write(out, b"not utf-8: \\xff\\xfe\\xc3( end\\n")
data = b"x" * (1 << 20) + b"\\n"
while data:
    data = data[os.write(err, data):]
for n in range(101):
    os.write(err, b"\\rprogress %3d%%" % n)
os.write(err, b"\\n")
os.write(out, "the last line, with \\u00e4\\u20ac\\U0001f600\\n".encode())
`;

export function scenarios(engine: EngineUnderTest): void {
  let product: Product;
  let daemon: ProgramProcess;

  before(async function () {
    this.timeout(120_000);
    product = await Product.start();
    daemon = await product.startDaemon({ queues: [QUEUE], args: await engine.daemonArgs(), name: "first" });
  });

  after(async function () {
    this.timeout(60_000);
    await product?.[Symbol.asyncDispose]();
  });

  afterEach(() => daemon.mustLive());

  const run = (fields: Parameters<Product["run"]>[1], withinMs?: number): Promise<Task> => product.run(QUEUE, fields, withinMs);
  const consoleOf = (task: { id: TaskId }): Promise<string> => product.consoleOf(task.id);

  async function expectCause(task: Task, cause: string): Promise<void> {
    const text = await consoleOf(task);
    expect(`${task.status_reason} ${task.status_message}`, text).to.contain(cause);
    expect(text.split("\n").slice(-8).join("\n")).to.contain(cause);
    expect(task.status).to.equal(cause.startsWith("aborted") ? "stopped" : "failed");
  }

  it("runs a repository's program at the recorded commit, with git working inside", async function () {
    this.timeout(60_000);
    const program = `
import subprocess
def git(*args):
    print(" ".join(args), "->", repr(subprocess.run(["git", *args], capture_output=True, text=True)))
git("rev-parse", "HEAD")
git("status", "--porcelain")
print(open("data/value.txt").read())
`;
    const repository = await makeRepository({ "src/main.py": program, "src/data/value.txt": "the recorded value" });
    await writeFile(join(repository.url, "src/data/value.txt"), "a later value");
    const task = await run({
      script: { repository: repository.url, version_num: repository.commit, entry_point: "main.py", working_dir: "src", binary: "python3" },
    });
    const text = await consoleOf(task);
    expect(task.status, text).to.equal("completed");
    expect(text).to.contain("the recorded value");
    expect(text).to.match(new RegExp(`rev-parse HEAD -> .*returncode=0, stdout='${repository.commit}`));
    expect(text).to.match(/status --porcelain -> .*returncode=0, stdout=''/);
    expect(text).to.match(/waited .*source .*environment .*launch .*run /);
    expect(task.script.version_num).to.equal(repository.commit);
  });

  it("applies the diff, runs the branch's tip, and writes down the commit that really ran", async function () {
    this.timeout(60_000);
    const repository = await makeRepository({ "main.py": "print('before the diff')\n" });
    const diff =
      "diff --git a/main.py b/main.py\n--- a/main.py\n+++ b/main.py\n@@ -1 +1 @@\n-print('before the diff')\n+print('after the diff')\n";
    const task = await run({ script: { repository: repository.url, branch: "main", entry_point: "main.py", diff, binary: "python3" } });
    const text = await consoleOf(task);
    expect(task.status, text).to.equal("completed");
    expect(text).to.contain("after the diff");
    expect(task.script.version_num).to.equal(repository.commit);
  });

  it("gives a program without the SDK its parameters as arguments, as a file, and as variables", async function () {
    this.timeout(60_000);
    const diff = `
import json, os, sys
print("arguments", sys.argv[1:])
print("file", json.load(open(os.environ["WINDLASS_PARAMETERS"])))
print("variable", os.environ.get("COLOUR"))
`;
    const task = await run({
      script: { entry_point: "plain.py", diff, binary: "python3" },
      hyperparams: {
        Args: { depth: { section: "Args", name: "depth", value: "7" } },
        Environment: { COLOUR: { section: "Environment", name: "COLOUR", value: "blue" } },
      },
    });
    const text = await consoleOf(task);
    expect(task.status, text).to.equal("completed");
    expect(text).to.match(/arguments \['--depth(=|', ')7'\]/);
    expect(text).to.match(/file \{.*'Args'.*'depth'.*7/);
    expect(text).to.contain("variable blue");
  });

  it("runs a shell script and modules with arguments", async function () {
    this.timeout(60_000);
    const repository = await makeRepository({
      "go.sh": 'for word in "$@"; do\n  echo "word: $word"\ndone\n',
      "pack/__init__.py": "",
      "pack/tool.py": "import sys\nprint('tool', sys.argv[1:])\n",
    });
    const shell = await run({ script: { repository: repository.url, branch: "main", entry_point: "go.sh one two", binary: "bash" } });
    expect(await consoleOf(shell)).to.contain("word: one\nword: two");
    const module = await run({
      script: { repository: repository.url, branch: "main", entry_point: "-m pack.tool a --b c", binary: "python3" },
    });
    expect(await consoleOf(module)).to.contain("tool ['a', '--b', 'c']");
  });

  it("installs requirements once: the second task with the same inputs builds nothing", async function () {
    this.timeout(180_000);
    const fields = {
      script: {
        entry_point: "six.py".replace("six", "uses_six"),
        diff: "import six\nprint('six', six.__version__)\n",
        binary: "python3",
        requirements: { pip: "six==1.16.0" },
      },
    };
    const first = await run(fields, 170_000);
    const text = await consoleOf(first);
    expect(first.status, text).to.equal("completed");
    expect(text).to.contain("six 1.16.0");
    const second = await consoleOf(await run(fields));
    expect(second).to.match(/environment hit/);
    expect(second).not.to.match(/Collecting|Downloading/);
  });

  it("runs a program that uses the official SDK, and everything it reports is on the server, the console once", async function () {
    this.timeout(300_000);
    const repository = await makeRepository({ "train.py": SDK_PROGRAM });
    const task = await run(
      {
        name: "sdk program",
        script: {
          repository: repository.url,
          branch: "main",
          entry_point: "train.py",
          binary: "python3",
          requirements: { pip: "clearml" },
        },
        hyperparams: { General: { lr: { section: "General", name: "lr", value: "0.5" } } },
      },
      290_000,
    );
    const text = await consoleOf(task);
    expect(task.status, text).to.equal("completed");
    expect(text.split("the learning rate is 0.5").length - 1, text).to.equal(1);
    expect(text.split("the program is done").length - 1).to.equal(1);
    const curves = await product.events.curves(task.id);
    expect(curves["loss"]?.["train"]?.y).to.deep.equal([3, 2, 1.5]);
    expect(task.hyperparams["General"]?.["epochs"]?.value).to.equal("2");
    const { task: whole } = await product.session.call<{ task: { execution: { artifacts: { key: string }[] } } }>("tasks.get_by_id", {
      task: task.id,
    });
    expect(whole.execution.artifacts.map((artifact) => artifact.key)).to.contain("notes");
  });

  it("lets the abort callback of a program that uses the SDK come to its end", async function () {
    this.timeout(300_000);
    const script = { entry_point: "tidy.py", diff: TIDY_PROGRAM, binary: "python3", requirements: { pip: "clearml" } };
    const id = await product.enqueue(QUEUE, { name: "tidy program", script });
    await eventually("it may be aborted", async () => (await product.consoleOf(id)).includes("it may be aborted"), 200_000);
    await product.session.call("tasks.stop", { task: id });
    const task = await product.ended(id, 60_000);
    expect(task.status).to.equal("stopped");
    const said = (await consoleOf(task)).match(/tidying up|all is tidy/g);
    expect(said, await consoleOf(task)).to.deep.equal(["tidying up", "all is tidy"]);
    expect(task.status_reason).to.contain("aborted/user");
  });

  it("reports the run's own figures, also for a program that uses no SDK", async function () {
    this.timeout(60_000);
    const diff = "import time\nend = time.time() + 4\nwhile time.time() < end: sum(range(10000))\n";
    const task = await run({ script: { entry_point: "busy.py", diff, binary: "python3" } });
    const machine = (await product.events.curves(task.id))[":monitor:machine"] ?? {};
    const own = Object.keys(machine).filter((variant) => variant.startsWith("run "));
    expect(own).to.include.members(["run cpu_usage"]);
    expect(Math.max(...(machine["run cpu_usage"]?.y ?? [0]))).to.be.greaterThan(20);
    expect(Object.keys(machine).length).to.be.greaterThan(own.length);
  });

  it("keeps every byte of a loud program's console, in order", async function () {
    this.timeout(120_000);
    const task = await run({ script: { entry_point: "loud.py", diff: NOISY_PROGRAM, binary: "python3" } });
    const text = await consoleOf(task);
    expect(task.status, text.slice(-2000)).to.equal("completed");
    const start = text.indexOf("line 000000\n");
    const lines = Array.from({ length: 100_000 }, (_, n) => `line ${String(n).padStart(6, "0")}\n`).join("");
    const rest = [
      new TextDecoder().decode(Buffer.from([...Buffer.from("not utf-8: "), 0xff, 0xfe, 0xc3, 0x28, ...Buffer.from(" end\n")])),
      `${"x".repeat(1 << 20)}\n`,
    ].join("");
    expect(text.slice(start, start + lines.length) === lines, "the lines in order").to.equal(true);
    expect(text.slice(start + lines.length).startsWith(rest), "invalid UTF-8 and the long line").to.equal(true);
    const tail = text.slice(start + lines.length + rest.length);
    expect(tail).to.match(/progress 100%\r?\n/);
    expect(tail.split("progress").length - 1, "superseded states are folded").to.be.lessThan(20);
    expect(tail).to.contain("the last line, with ä€😀\n");
  });

  it("aborts within two seconds and leaves nothing, whatever the program does", async function () {
    this.timeout(60_000);
    const mark = `mark-${Date.now()}`;
    const diff = `
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.execvp("python3", ["python3", "-c", "import time; time.sleep(600) # ${mark}"])
    os._exit(0)
print("it runs", flush=True)
time.sleep(600)
`;
    const id = await product.enqueue(QUEUE, { script: { entry_point: "stubborn.py", diff, binary: "python3" } });
    await eventually("the program runs", async () => (await product.consoleOf(id)).includes("it runs"));
    await product.session.call("tasks.stop", { task: id });
    const task = await product.ended(id, 20_000);
    await expectCause(task, "aborted/user");
    expect(await processesWith(mark)).to.deep.equal([]);
  });

  const BAD: readonly { what: string; cause: string; fields: (url: string) => object }[] = [
    {
      what: "a commit that does not exist",
      cause: "failed/source-commit-not-found",
      fields: (url) => ({ script: { repository: url, version_num: "0123456789012345678901234567890123456789", entry_point: "main.py" } }),
    },
    {
      what: "a repository that does not answer",
      cause: "failed/source-unreachable",
      fields: () => ({ script: { repository: "http://127.0.0.1:9/none.git", branch: "main", entry_point: "main.py" } }),
    },
    {
      what: "a diff that does not apply",
      cause: "failed/source-diff",
      fields: (url) => ({
        script: {
          repository: url,
          branch: "main",
          entry_point: "main.py",
          diff: "diff --git a/main.py b/main.py\n--- a/main.py\n+++ b/main.py\n@@ -1 +1 @@\n-something else\n+new\n",
        },
      }),
    },
    {
      what: "an entry point that is missing",
      cause: "failed/source-entry-point",
      fields: (url) => ({ script: { repository: url, branch: "main", entry_point: "nowhere.py" } }),
    },
    {
      what: "a requirement that does not exist",
      cause: "failed/environment-requirements",
      fields: (url) => ({
        script: {
          repository: url,
          branch: "main",
          entry_point: "main.py",
          requirements: { pip: "windlass-no-such-package-at-all==1.2.3" },
        },
      }),
    },
    {
      what: "an entry point that no program can be given",
      cause: "failed/task-invalid",
      fields: () => ({ script: { entry_point: "ma\0in.py", diff: "print(1)\n" } }),
    },
    {
      what: "arguments that are too long together",
      cause: "failed/task-invalid",
      fields: () => ({ script: { entry_point: "main.py", diff: "print(1)\n" }, hyperparams: { Args: longArguments() } }),
    },
    {
      what: "exit code 3",
      cause: "failed/exit-code",
      fields: () => ({ script: { entry_point: "three.py", diff: "raise SystemExit(3)\n" } }),
    },
  ];
  for (const bad of BAD) {
    it(`names the cause of ${bad.what}, and lives on`, async function () {
      this.timeout(120_000);
      const repository = await makeRepository({ "main.py": "print('hello')\n" });
      const fields = bad.fields(repository.url) as { script: object };
      const task = await run({ ...fields, script: { binary: "python3", ...fields.script } });
      await expectCause(task, bad.cause);
      if (bad.what === "exit code 3") expect(`${task.status_reason} ${task.status_message}`).to.contain("3");
    });
  }

  it("leaves no workspace behind", async function () {
    this.timeout(30_000);
    await eventually("no workspace is left", async () => (await workspacesIn(join(product.folder, "state-first"))).length === 0);
  });
}

/** Each fits, all of them are more than a program is given. */
function longArguments(): object {
  const argument = (n: number): object => ({ section: "Args", name: `a${n}`, value: "x".repeat(100_000) });
  return Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`a${n}`, argument(n)]));
}

/** Command lines of live processes that contain `mark`, on this machine (containers' included). */
export async function processesWith(mark: string): Promise<string[]> {
  const { readdir } = await import("node:fs/promises");
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(mark));
}

async function workspacesIn(state: string): Promise<string[]> {
  const { readdir } = await import("node:fs/promises");
  const runs = await readdir(join(state, "runs")).catch(() => []);
  const held = await Promise.all(
    runs.map((run) =>
      readdir(join(state, "runs", run, "workspace")).then(
        () => [run],
        () => [],
      ),
    ),
  );
  return held.flat();
}
