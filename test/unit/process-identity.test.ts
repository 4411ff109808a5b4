import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "chai";
import { identityOf, isAlive } from "../../base/process-identity.ts";

describe("the identity of a process", () => {
  it("is the same each time and holds while it lives", async () => {
    const child = spawn("sleep", ["600"]);
    const identity = await identityOf(child.pid ?? 0);
    expect(identity).to.deep.equal(await identityOf(child.pid ?? 0));
    if (identity === undefined) throw new Error("it has none");
    expect(await isAlive(identity)).to.equal(true);
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
    expect(await isAlive(identity)).to.equal(false);
  });

  it("is not that of another process with the same pid, nor of another boot", async () => {
    const own = await identityOf(process.pid);
    if (own === undefined) throw new Error("it has none");
    expect(await isAlive({ ...own, startTime: "1" })).to.equal(false);
    expect(await isAlive({ ...own, bootId: "another" })).to.equal(false);
  });

  it("of a program whose name looks like a stat line is read rightly", async () => {
    const child = spawn(process.execPath, ["-e", "process.title = 'a) R 1 (b'; console.log(1); setTimeout(() => {}, 60000)"]);
    await once(child.stdout, "data");
    const identity = await identityOf(child.pid ?? 0);
    child.kill("SIGKILL");
    expect(Number(identity?.startTime)).to.be.greaterThan(1);
  });

  it("is none for a zombie and for a pid that nobody has", async () => {
    const child = spawn("sh", ["-c", "sh -c 'echo $$' & exec sleep 600"]);
    const [pid] = (await once(child.stdout, "data")) as [Buffer];
    for (let tries = 0; tries < 100 && (await identityOf(Number(pid))) !== undefined; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await identityOf(Number(pid))).to.equal(undefined);
    child.kill("SIGKILL");
    expect(await identityOf(2 ** 22 + 1)).to.equal(undefined);
  });
});
