import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { taskCode } from "../../cli/task-code.ts";
import { uncommittedChanges } from "../../cli/uncommitted-changes.ts";
import { git, makeRepository, type Repository } from "../support/repository.ts";

interface Code {
  readonly repository: string;
  readonly diff: string;
  readonly working_dir: string;
  readonly entry_point: string;
}

const failure = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => "it did not fail",
    (error: Error & { hint?: string }) => `${error.message} ${error.hint}`,
  );

describe("the code of a task from a local folder", () => {
  let repository: Repository;

  beforeEach(async () => {
    repository = await makeRepository({ "main.py": "print(1)\n", ".gitignore": "*.log\nlocal.py\n" });
  });

  const put = (name: string, content: string | Uint8Array): Promise<void> => writeFile(join(repository.url, name), content);

  it("takes new files along, also binary ones, and leaves the user's index as it was", async () => {
    await put("new script.py", "print(2)\n");
    await put("data.bin", Uint8Array.from([0, 1, 2, 255]));
    await put("run.log", "ignored\n");
    await appendFile(join(repository.url, "main.py"), "print(3)\n");
    await git(repository.url, "config", "diff.noprefix", "true");
    const before = await git(repository.url, "status", "--porcelain");
    const { script, added } = await taskCode({ folder: repository.url, script: "new script.py" });
    const code = script as Code;
    expect(added).to.have.members(["new script.py", "data.bin"]);
    expect(code).to.include({ working_dir: ".", entry_point: "new script.py" });
    expect(await git(repository.url, "status", "--porcelain")).to.equal(before);
    const copy = await makeRepository({ "main.py": "print(1)\n", ".gitignore": "*.log\nlocal.py\n" });
    await put("changes.diff", code.diff);
    await git(copy.url, "apply", join(repository.url, "changes.diff"));
    expect((await git(copy.url, "status", "--porcelain")).split("\n")).to.include.members([
      " M main.py",
      '?? "new script.py"',
      "?? data.bin",
    ]);
  });

  it("refuses a script that git ignores, and one outside of the repository", async () => {
    await put("local.py", "print(4)\n");
    const ignored = await failure(taskCode({ folder: repository.url, script: "local.py" }));
    expect(ignored).to.contain("git ignores local.py").and.to.contain("git add -f local.py");
    const outside = await failure(taskCode({ folder: repository.url, script: import.meta.filename }));
    expect(outside).to.contain("is not in the repository");
  });

  it("refuses more new data than a task document should hold, and names the largest files", async () => {
    await put("model.pt", new Uint8Array(3 * 2 ** 20));
    const message = await failure(uncommittedChanges(repository.url));
    expect(message).to.contain("3.0 MiB").and.to.contain("model.pt").and.to.contain(".gitignore");
  });

  it("is a file alone that git does not track, when no folder is named", async () => {
    await put("loose.py", "print(5)\n");
    const { script } = await taskCode({ script: join(repository.url, "loose.py") });
    expect(script).to.deep.equal({ entry_point: "loose.py", diff: "print(5)\n", working_dir: "." });
  });
});
