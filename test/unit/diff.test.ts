import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { RunError } from "../../runner/run-error.ts";
import { applyDiff, isStandAlone } from "../../runner/source/diff.ts";
import { failureOf } from "../support/failure.ts";
import { commitAll, git, makeRepository } from "../support/repository.ts";
import { consoleOf, runContext } from "../support/run-context.ts";

const LINES = Array.from({ length: 20 }, (_, at) => `line ${at}`);

/** A repository, and the diff of a change to line 10, made with these options of git. */
async function changed(...options: string[]): Promise<{ url: string; diff: string }> {
  const { url } = await makeRepository({ "a.txt": `${LINES.join("\n")}\n` });
  await writeFile(join(url, "a.txt"), `${LINES.with(10, "changed").join("\n")}\n`);
  const diff = await git(url, "diff", ...options);
  await git(url, "checkout", "-q", ".");
  return { url, diff };
}

const tenth = async (url: string): Promise<string | undefined> => (await readFile(join(url, "a.txt"), "utf8")).split("\n")[10];

describe("uncommitted changes", () => {
  it("are applied as they are, also without a last line end", async () => {
    const { url, diff } = await changed();
    const context = await runContext();
    await applyDiff(diff.trimEnd(), url, context);
    expect(await tenth(url)).to.equal("changed");
    expect(await consoleOf(context)).to.equal("");
  });

  it("may have no context and no path prefixes", async () => {
    for (const options of [["--unified=0"], ["--no-prefix"]]) {
      const { url, diff } = await changed(...options);
      await applyDiff(diff, url, await runContext());
      expect(await tenth(url)).to.equal("changed");
    }
  });

  it("may be binary", async () => {
    const { url } = await makeRepository({ "b.bin": "\u0000one" });
    await writeFile(join(url, "b.bin"), "\u0000two");
    const diff = await git(url, "diff", "--binary");
    await git(url, "checkout", "-q", ".");
    await applyDiff(diff, url, await runContext());
    expect(await readFile(join(url, "b.bin"), "utf8")).to.equal("\u0000two");
  });

  it("are applied with git's help where lines near by are others, and the console says so", async () => {
    const { url, diff } = await changed();
    await writeFile(join(url, "a.txt"), `${LINES.with(13, "another").join("\n")}\n`);
    await commitAll(url, "near by");
    const context = await runContext();
    await applyDiff(diff, url, context);
    expect(await tenth(url)).to.equal("changed");
    expect(await consoleOf(context)).to.contain("--3way");
  });

  it("are applied where only white space is different, with no marks of a conflict in the file", async () => {
    const { url, diff } = await changed();
    const spaced = LINES.with(9, "line  9").with(11, "line   11");
    await writeFile(join(url, "a.txt"), `${spaced.join("\n")}\n`);
    await commitAll(url, "white space");
    await applyDiff(diff, url, await runContext());
    expect((await readFile(join(url, "a.txt"), "utf8")).trim().split("\n")).to.have.length(20);
    expect(await tenth(url)).to.equal("changed");
  });

  it("that do not apply end the run with git's first words", async () => {
    const { url, diff } = await changed();
    await writeFile(join(url, "a.txt"), "wholly different\n");
    await commitAll(url, "rewritten");
    const error = await failureOf<RunError>(applyDiff(diff, url, await runContext()));
    expect(error.outcome).to.equal("failed/source-diff");
    expect(error.message).to.contain("a.txt");
  });

  it("are told from a program that stands alone", () => {
    for (const diff of ["diff --git a/x b/x\n", "\n\ndiff --git a/x b/x", "--- a/x\n+++ b/x\n", "submodule foo\n\ndiff --git a/x b/x"])
      expect(isStandAlone(diff), diff).to.equal(false);
    for (const program of ["import os\n", "print('diff --git')", "# diff\n", "difference = 1"])
      expect(isStandAlone(program), program).to.equal(true);
  });
});
