import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect } from "chai";
import {
  type ParameterRoute,
  parameterArguments,
  parameterRoute,
  parameterValues,
  parameterVariables,
} from "../../runner/launch/parameters.ts";
import type { Source } from "../../runner/source/source.ts";
import { temporaryFolder } from "../support/folder.ts";
import { taskWith } from "../support/run-context.ts";

async function route(files: Readonly<Record<string, string>>, wish?: string): Promise<ParameterRoute> {
  const workspace = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(workspace, name)), { recursive: true });
    await writeFile(join(workspace, name), text);
  }
  const interpreter = { kind: "python", name: "python" } as const;
  const entry = { kind: "file", interpreter, file: "train.py", args: [] } as const;
  const source: Source = { workspace, workingDir: "", commit: undefined, branch: undefined, mirror: undefined, entry };
  const hyperparams = wish === undefined ? {} : { Windlass: { parameters: { value: wish } } };
  return await parameterRoute(taskWith({ hyperparams }), source, "auto");
}

const { hyperparams } = taskWith({
  hyperparams: {
    Args: {
      lr: { name: "lr", value: "0.1" },
      flag: { name: "flag", value: "" },
      own: { name: "_own", value: "x" },
      text: { name: "text", value: "a=b c" },
    },
    General: { depth: { name: "depth", value: 3 } },
    Environment: { GOOD_1: { value: "x=y" }, "bad-name": { value: "1" }, "1X": { value: "1" }, EMPTY: {} },
  },
});

describe("parameters", () => {
  it("go through the SDK when any module of the repository imports it", async () => {
    for (const line of ["import clearml", "from clearml import Task", "  from trains.x import y", "import clearml as c"])
      expect((await route({ "train.py": "", "lib/deep.py": `"""doc"""\n${line}\n` })).mode, line).to.equal("sdk");
    expect((await route({ "train.py": "from clearml import Task" })).why).to.contain("train.py");
  });

  it("become arguments when none does", async () => {
    for (const line of ["# import clearml", "import clearmlx", "x = 'import clearml'", "important clearml"])
      expect((await route({ "train.py": line })).mode, line).to.equal("arguments");
    expect((await route({ "train.py": "", "venv/lib/clearml.py": "import clearml", "a.txt": "import clearml" })).mode).to.equal(
      "arguments",
    );
  });

  it("go the way that the task wishes, else the agent's configuration", async () => {
    expect(await route({ "train.py": "import clearml" }, "arguments")).to.include({ mode: "arguments", why: "the task says so" });
    expect(await route({ "train.py": "" }, "sdk")).to.include({ mode: "sdk" });
    expect(await route({ "train.py": "" }, "nonsense")).to.include({ mode: "arguments" });
    expect(await parameterRoute(taskWith({}), { workspace: "/none" } as Source, "sdk")).to.include({ mode: "sdk" });
  });

  it("of the section Args become arguments, without those of the SDK's own", () => {
    expect(parameterArguments(hyperparams)).to.deep.equal(["--lr=0.1", "--flag", "--text=a=b c"]);
    expect(parameterArguments({})).to.deep.equal([]);
    for (const value of ["\0", "x".repeat(131_072)])
      expect(() => parameterArguments({ Args: { lr: { ...hyperparams["Args"]?.["lr"], name: "lr", value } } as never })).to.throw(
        /^hyperparams.Args.lr /,
      );
  });

  it("stand all of them as values by section and name", () => {
    expect(parameterValues(hyperparams)).to.deep.include({ General: { depth: "3" } });
    expect(parameterValues(hyperparams)["Environment"]).to.include({ EMPTY: "", "bad-name": "1" });
  });

  it("of the section Environment become variables, where the name can be one", () => {
    expect(parameterVariables(hyperparams)).to.deep.equal({ GOOD_1: "x=y", EMPTY: "" });
  });
});
