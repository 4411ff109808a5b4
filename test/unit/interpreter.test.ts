import { execFile } from "node:child_process";
import { chmod, readFile, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { findPython } from "../../runner/environment/interpreter.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";
import { runContext } from "../support/run-context.ts";

const run = promisify(execFile);

/** A version manager's script in the place of python3; it notes each start. */
async function shimFor(interpreter: string): Promise<{ path: string; starts: () => Promise<number> }> {
  const folder = await temporaryFolder();
  const path = join(folder, "python3");
  await writeFile(path, `#!/bin/sh\necho x >> ${folder}/starts\nexec ${interpreter} "$@"\n`);
  await chmod(path, 0o755);
  return { path, starts: async () => (await readFile(`${folder}/starts`, "utf8")).split("\n").length - 1 };
}

async function contextWith(python: string): ReturnType<typeof runContext> {
  const context = await runContext();
  return { ...context, settings: { ...context.settings, process: { ...context.settings.process, python } } };
}

const realPython = async (): Promise<string> => (await run("python3", ["-c", "import sys; print(sys.executable)"])).stdout.trim();

describe("the Python of a process run", () => {
  it("is the interpreter itself behind a version manager's script, which is asked once", async () => {
    const python = await realPython();
    const shim = await shimFor(python);
    const context = await contextWith(shim.path);
    const [first, second] = [await findPython("python", context), await findPython("python", context)];
    expect(first.path).to.equal(python);
    expect(second).to.equal(first);
    expect(first.identity).to.include(shim.path).and.include(python);
    expect(await shim.starts()).to.equal(1);
  });

  it("is looked for again when it was removed", async () => {
    const link = join(await temporaryFolder(), "python3.old");
    await symlink(await realPython(), link);
    const shim = await shimFor(link);
    const context = await contextWith(shim.path);
    expect((await findPython("python", context)).path).to.equal(link);
    await unlink(link);
    expect((await failureOf(findPython("python", context))).message).to.match(/does not start/);
  });

  it("is the agent's own, with a line about it, when the requested one is not there", async () => {
    const context = await runContext();
    await findPython("python3.99", context);
    expect(await readFile(join(context.folder, "console.log"), "utf8")).to.match(/python3\.99 is not on this machine, .* is used instead/);
  });
});
