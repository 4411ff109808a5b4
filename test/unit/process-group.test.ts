import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { endGroup, signalGroup, spawnGroup } from "../../base/process-group.ts";
import { identityOf, isAlive } from "../../base/process-identity.ts";

/** A shell line in a group of its own; resolves when it has printed its first line. */
async function started(script: string): Promise<{ child: ChildProcess; pgid: number; line: string }> {
  const child = spawnGroup("/bin/sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  if (child.stdout === null || child.pid === undefined) throw new Error("it did not start");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { child, pgid: child.pid, line };
}

describe("a process group", () => {
  it("ends with its grandchildren", async () => {
    const { pgid, line } = await started("sleep 600 & echo $!; wait");
    const grandchild = await identityOf(Number(line));
    if (grandchild === undefined) throw new Error("there is no grandchild");
    await endGroup(pgid, 5_000);
    expect(await isAlive(grandchild)).to.equal(false);
    expect(signalGroup(pgid, 0)).to.equal(false);
  });

  it("gets its grace period", async () => {
    const { child, pgid } = await started("trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done");
    const exit = once(child, "exit");
    await endGroup(pgid, 5_000);
    expect((await exit)[0]).to.equal(7);
  });

  it("is killed, grandchildren and all, when it does not listen", async () => {
    const deaf = "trap '' TERM; echo $$; while :; do sleep 0.02; done";
    const { child, pgid, line } = await started(`trap '' TERM; sh -c "${deaf.replace("$$", "\\$\\$")}" & wait; sleep 600`);
    const grandchild = await identityOf(Number(line));
    if (grandchild === undefined) throw new Error("there is no grandchild");
    const exit = once(child, "exit");
    await endGroup(pgid, 100);
    expect((await exit)[1]).to.equal("SIGKILL");
    expect(await isAlive(grandchild)).to.equal(false);
  });

  it("that is gone already needs nothing", async () => {
    const { child, pgid } = await started("echo done");
    if (child.exitCode === null) await once(child, "exit");
    const startedMs = Date.now();
    await endGroup(pgid, 5_000);
    expect(Date.now() - startedMs).to.be.below(1_000);
  });
});
