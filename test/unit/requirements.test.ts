import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { environmentKey, indexSettings } from "../../runner/environment/environment-key.ts";
import { type Requirements, requirementsOf } from "../../runner/environment/requirements.ts";
import type { RunError } from "../../runner/run-error.ts";
import type { Source } from "../../runner/source/source.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";
import { taskWith } from "../support/run-context.ts";

async function sourceWith(files: Readonly<Record<string, string>>, more: Partial<Source> = {}): Promise<Source> {
  const workspace = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, name)), { recursive: true });
    await writeFile(join(workspace, name), text);
  }
  const interpreter = { kind: "python", name: "python" } as const;
  const entry = { kind: "file", interpreter, file: "train.py", args: [] } as const;
  return { workspace, workingDir: "", commit: "c".repeat(40), branch: undefined, mirror: undefined, entry, ...more };
}

async function read(pip: unknown, files: Readonly<Record<string, string>> = {}, more: Partial<Source> = {}): Promise<Requirements> {
  return await requirementsOf(taskWith({ script: { requirements: { pip } } }), await sourceWith(files, more));
}

describe("the requirements of a task", () => {
  it("are its own list, as text or list, before the repository's file", async () => {
    expect(await read("numpy==2\n", { "requirements.txt": "pandas" })).to.include({ text: "numpy==2", origin: "the task" });
    expect((await read(["numpy==2", "scipy"])).text).to.equal("numpy==2\nscipy");
  });

  it("are else the repository's file that is nearest to its root", async () => {
    const files = { "a/requirements.txt": "from-a", "a/b/requirements.txt": "from-b" };
    expect(await read(null, files, { workingDir: "a/b" })).to.include({ text: "from-a", folder: "a", origin: "a/requirements.txt" });
    expect(await read("", { ...files, "requirements.txt": "from-root" }, { workingDir: "a/b" })).to.include({
      text: "from-root",
      folder: "",
    });
    expect(await read(undefined, { "elsewhere/requirements.txt": "x" })).to.include({ text: "", origin: "none" });
  });

  it("are none for a script without a repository", async () => {
    expect((await read(null, { "requirements.txt": "x" }, { commit: undefined })).text).to.equal("");
  });

  it("lose comments, empty lines and white space, but not the # of an address", async () => {
    const text = "# head\r\nnumpy  ==  2 # why\n\n  a @ git+https://x/y.git#egg=a\nb \\\n  --hash=1\n";
    expect((await read(text)).text).to.equal("numpy == 2\na @ git+https://x/y.git#egg=a\nb --hash=1");
  });

  it("take the files with them that they refer to, also through each other", async () => {
    const found = await read("-r sub/more.txt\n-c limits.txt", {
      "sub/more.txt": "--requirement=base.txt",
      "sub/base.txt": "scipy # x",
      "limits.txt": "numpy<3",
    });
    expect(found.files).to.deep.equal({ "sub/more.txt": "--requirement=base.txt", "sub/base.txt": "scipy", "limits.txt": "numpy<3" });
  });

  it("may refer to each other in a circle", async () => {
    expect((await read("-r a.txt", { "a.txt": "-r b.txt", "b.txt": "-r a.txt" })).files).to.have.all.keys("a.txt", "b.txt");
  });

  it("may not refer to what is outside of the workspace, nor to what is not there", async () => {
    const outside = join(await temporaryFolder(), "secret.txt");
    await writeFile(outside, "secret");
    const source = await sourceWith({});
    await symlink(outside, join(source.workspace, "link.txt"));
    for (const name of ["../../../../../../etc/passwd", "link.txt", "absent.txt"]) {
      const error = await failureOf<RunError>(requirementsOf(taskWith({ script: { requirements: { pip: `-r ${name}` } } }), source));
      expect(error.outcome, name).to.match(/^failed\//);
    }
  });

  it("need the source when they install from it", async () => {
    for (const line of [".", "-e .", "-e ./lib", "../lib", "./lib[extra]", ".[dev]", "--editable=./lib", "lib @ file:./lib", "-e lib"])
      expect((await read(line, { "lib/setup.py": "" })).needsSource, line).to.equal(true);
    for (const line of ["numpy", "-e git+https://x/y#egg=y", "a.b==1", "--index-url https://x/./y"])
      expect((await read(line)).needsSource, line).to.equal(false);
    expect((await read("-r more.txt", { "more.txt": "-e ." })).needsSource).to.equal(true);
  });
});

describe("the key of an environment", () => {
  const requirements: Requirements = {
    text: "numpy",
    origin: "the task",
    folder: "",
    files: { "b.txt": "2", "a.txt": "1" },
    needsSource: false,
  };
  const inputs = { base: "sha256:1", setupScript: "", requirements, source: "commit", indexes: {} };

  it("does not depend on where the text came from, nor on any order", () => {
    const same = { ...requirements, origin: "elsewhere", files: { "a.txt": "1", "b.txt": "2" } };
    expect(environmentKey({ ...inputs, requirements: same, source: "another" })).to.equal(environmentKey(inputs));
  });

  it("changes with everything that the environment is made from", () => {
    const local = { ...requirements, needsSource: true };
    const others = [
      { ...inputs, base: "sha256:2" },
      { ...inputs, setupScript: "apt" },
      { ...inputs, requirements: { ...requirements, text: "numpy==2" } },
      { ...inputs, requirements: { ...requirements, files: { "a.txt": "other" } } },
      { ...inputs, indexes: { PIP_INDEX_URL: "https://x" } },
      { ...inputs, requirements: local },
      { ...inputs, requirements: local, source: "another" },
      { ...inputs, requirements: local, source: "another", base: "sha256:2" },
    ];
    expect(new Set([inputs, ...others].map(environmentKey)).size).to.equal(others.length + 1);
  });

  it("depends on the folder that relative names of the text start from, when it installs from the source", () => {
    const local = { ...requirements, text: "-e .", needsSource: true };
    const below = { ...local, folder: "sub" };
    expect(environmentKey({ ...inputs, requirements: below })).to.not.equal(environmentKey({ ...inputs, requirements: local }));
  });

  it("knows the settings that say where packages come from", () => {
    expect(indexSettings({ PIP_INDEX_URL: "https://x", HOME: "/" })).to.deep.equal({ PIP_INDEX_URL: "https://x" });
  });
});
