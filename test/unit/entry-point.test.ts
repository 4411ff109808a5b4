import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { RunError } from "../../runner/run-error.ts";
import { entryPointOf, interpreterOf } from "../../runner/source/entry-point.ts";
import { insideOf } from "../../runner/source/inside.ts";
import type { EntryPoint } from "../../runner/source/source.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";
import { taskWith } from "../support/run-context.ts";

let workspace = "";

async function entry(entryPoint: string | undefined, binary?: string, workingDir = ""): Promise<EntryPoint> {
  return await entryPointOf(taskWith({ script: { entry_point: entryPoint, binary } }), workspace, workingDir);
}

async function refusal(entryPoint: string | undefined, binary?: string): Promise<string> {
  const error = await failureOf<RunError>(entry(entryPoint, binary));
  expect(error.outcome).to.equal("failed/source-entry-point");
  return error.message;
}

describe("the entry point", () => {
  before(async () => {
    workspace = await temporaryFolder();
    await mkdir(join(workspace, "sub"));
    for (const name of ["train.py", "my train.py", "sub/inner.py", "run.sh"]) await writeFile(join(workspace, name), "");
    await writeFile(`${workspace}-outside.py`, "");
    await symlink(`${workspace}-outside.py`, join(workspace, "link.py"));
  });

  it("is a file, with or without arguments", async () => {
    expect(await entry("train.py")).to.deep.include({ kind: "file", file: "train.py", args: [] });
    expect(await entry("train.py --lr 0.1 'two words'")).to.deep.include({ file: "train.py", args: ["--lr", "0.1", "two words"] });
    expect(await entry("inner.py", undefined, "sub")).to.deep.include({ file: "inner.py" });
  });

  it("may have spaces in its name", async () => {
    expect(await entry("my train.py")).to.deep.include({ file: "my train.py", args: [] });
    expect(await entry("'my train.py' -v")).to.deep.include({ file: "my train.py", args: ["-v"] });
  });

  it("is a module", async () => {
    expect(await entry("-m package.module --epochs 3")).to.deep.include({
      kind: "module",
      module: "package.module",
      args: ["--epochs", "3"],
    });
    expect(await refusal("-m")).to.contain("-m names no Python module");
    expect(await refusal("-m module", "bash")).to.contain("-m names no Python module");
  });

  it("is a command of a shell, with or without quotes around it", async () => {
    expect(await entry("-c 'echo a && echo b'", "/bin/bash")).to.deep.include({ kind: "command", command: "echo a && echo b" });
    expect(await entry("-c echo a", "sh")).to.deep.include({ kind: "command", command: "echo a" });
    expect(await entry("run.sh", "bash")).to.deep.include({ kind: "file", interpreter: { kind: "shell", name: "bash" } });
  });

  it("that is missing is named, with the folder in which it was looked for", async () => {
    expect(await refusal("absent.py --x")).to.contain("absent.py is not there");
    expect(await refusal(undefined)).to.contain("no entry point");
    expect(await refusal("sub")).to.contain("sub is not there");
    expect(await refusal("train.py 'open")).to.contain("never closed");
  });

  it("may not lead out of the workspace", async () => {
    expect(await refusal(`../${workspace.split("/").at(-1)}-outside.py`)).to.contain("leads out");
    expect(await refusal("link.py")).to.contain("leads out");
  });

  it("is run by the interpreter that the task names, else by Python", () => {
    const name = (binary?: string): unknown => interpreterOf(taskWith({ script: { binary } }));
    expect(name()).to.deep.equal({ kind: "python", name: "python" });
    expect(name("/usr/bin/python3.11")).to.deep.equal({ kind: "python", name: "python3.11" });
    expect(name("/bin/zsh")).to.deep.equal({ kind: "shell", name: "zsh" });
    expect(name("pypy")).to.deep.equal({ kind: "python", name: "python" });
  });
});

describe("paths of a task", () => {
  it("stay inside of the workspace, which a folder of the same beginning is not", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "work/sub"), { recursive: true });
    await mkdir(join(folder, "work-other"));
    await insideOf(join(folder, "work"), join(folder, "work"), "it");
    await insideOf(join(folder, "work"), join(folder, "work/sub/.."), "it");
    expect(await failureOf(insideOf(join(folder, "work"), join(folder, "work-other"), "the folder"))).to.have.property(
      "message",
      "the folder leads out of the workspace",
    );
    expect((await failureOf(insideOf(join(folder, "work"), join(folder, "work/absent"), "it"))).message).to.contain("absent");
  });
});
