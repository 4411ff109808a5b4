import { expect } from "chai";
import { identityOf } from "../../base/process-identity.ts";
import { type CommandOptions, type CommandResult, runCommand } from "../../base/run-command.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";

const OPTIONS: CommandOptions = { env: { PATH: process.env["PATH"] ?? "" }, signal: new AbortController().signal };

async function shell(script: string, more: Partial<CommandOptions> = {}): Promise<CommandResult> {
  return await runCommand("/bin/sh", ["-c", script], { ...OPTIONS, ...more });
}

describe("running a command", () => {
  it("tells what it printed and how it ended", async () => {
    expect(await shell("echo out; echo err >&2; exit 3")).to.deep.equal({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
    expect((await shell("kill -9 $$")).exitCode).to.equal(128);
  });

  it("gives it its input, its folder and exactly its environment", async () => {
    const cwd = await temporaryFolder();
    expect((await shell("cat; pwd; env | grep -c SECRET", { cwd, input: "in\n" })).stdout).to.equal(`in\n${cwd}\n0\n`);
  });

  it("survives a program that does not read its input", async () => {
    expect((await shell("exit 0", { input: "x".repeat(1_000_000) })).exitCode).to.equal(0);
  });

  it("keeps a character that comes in two pieces", async () => {
    const result = await shell("printf '\\342\\202'; sleep 0.1; printf '\\254'; printf '\\303' >&2; sleep 0.1; printf '\\251' >&2");
    expect(result).to.include({ stdout: "€", stderr: "é" });
  });

  it("keeps only the end of a long error output", async () => {
    const { stderr } = await shell("head -c 100000 /dev/zero | tr '\\0' x >&2; echo end >&2");
    expect(stderr.length).to.equal(64 * 1024);
    expect(stderr).to.match(/xend\n$/);
  });

  it("shows output as it comes", async () => {
    const seen: string[] = [];
    await shell("echo a; sleep 0.1; echo b >&2", { onOutput: (chunk, stream) => void seen.push(`${stream} ${chunk}`) });
    expect(seen).to.deep.equal(["stdout a\n", "stderr b\n"]);
  });

  it("ends it with all that it started when it is aborted, and throws the reason", async () => {
    const control = new AbortController();
    const reason = new Error("enough");
    let grandchild = 0;
    const onOutput = (chunk: Buffer): void => {
      grandchild = Number(chunk.toString());
      control.abort(reason);
    };
    expect(await failureOf(shell("sleep 600 & echo $!; wait", { signal: control.signal, onOutput }))).to.equal(reason);
    expect(await identityOf(grandchild)).to.equal(undefined);
  });

  it("does not start what is aborted already", async () => {
    const reason = new Error("enough");
    expect(await failureOf(shell("exit 0", { signal: AbortSignal.abort(reason) }))).to.equal(reason);
  });

  it("throws the system's error when there is no such program", async () => {
    expect(await failureOf(runCommand("/no/such/program", [], OPTIONS))).to.include({ code: "ENOENT" });
  });
});
