import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { expect } from "chai";
import { forksSoFar, identityOf, isAlive, type ProcessIdentity } from "../../base/process-identity.ts";
import { endRun, RUN_MARK } from "../../runner/process/descendants.ts";
import { eventually } from "../support/product.ts";

const RUN = "run-of-members";

/** A group whose leader is gone; what is left of it has the run's mark, or nothing in its environment. */
async function leaderless(marked: readonly boolean[]): Promise<{ leader: ProcessIdentity; left: ProcessIdentity[]; forksThen: number }> {
  const forksThen = (await forksSoFar()) ?? 0;
  const sleeps = marked.map((is) => `env -i ${is ? `${RUN_MARK}=${RUN}` : ""} sleep 600 >&2 & echo $!`);
  const script = `${sleeps.join("\n")}\nread -r go`;
  const child = spawn("/bin/sh", ["-c", script], { detached: true, env: { PATH: process.env["PATH"] }, stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(child, "exit");
  const pids: number[] = [];
  for await (const line of createInterface(child.stdout)) if (pids.push(Number(line)) === marked.length) break;
  const [leader, ...left] = await Promise.all([child.pid ?? 0, ...pids].map(async (pid) => await identityOf(pid)));
  for (const pid of pids) await eventually("it sleeps", async () => (await readFile(`/proc/${pid}/comm`, "utf8")) === "sleep\n");
  child.stdin.end("\n");
  await ended;
  if (leader === undefined) throw new Error("there was no leader");
  return { leader, left: left.filter((one) => one !== undefined), forksThen };
}

describe("the processes of a run whose leader is gone", () => {
  const kept: ProcessIdentity[] = [];
  afterEach(() => {
    for (const { pid } of kept.splice(0)) process.kill(pid, "SIGKILL");
  });
  const alive = async (ones: readonly ProcessIdentity[]): Promise<boolean[]> => await Promise.all(ones.map((one) => isAlive(one)));

  it("are those of its group while its number cannot have been given away again", async () => {
    const { leader, left, forksThen } = await leaderless([false]);
    expect(await endRun({ leader, runId: RUN, forksThen }, 5_000)).to.equal(true);
    expect(await alive(left)).to.deep.equal([false]);
  });

  it("are those of its group when one of them has the run's mark", async () => {
    const { leader, left } = await leaderless([true, false]);
    expect(await endRun({ leader, runId: RUN }, 5_000)).to.equal(true);
    expect(await alive(left)).to.deep.equal([false, false]);
  });

  it("are none of a group that may be a stranger's", async () => {
    const { leader, left } = await leaderless([false]);
    kept.push(...left);
    expect(await endRun({ leader, runId: RUN }, 5_000)).to.equal(true);
    expect(await alive(left)).to.deep.equal([true]);
  });

  it("are none of a group of another start of the machine", async () => {
    const { leader, left, forksThen } = await leaderless([false]);
    kept.push(...left);
    expect(await endRun({ leader: { ...leader, bootId: "another" }, runId: RUN, forksThen }, 5_000)).to.equal(true);
    expect(await alive(left)).to.deep.equal([true]);
  });
});
