import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { holdFileLock, removeDeadLocks, withFileLock } from "../../base/file-lock.ts";
import { newId } from "../../base/ids.ts";
import { failureOf } from "../support/failure.ts";
import { temporaryFolder } from "../support/folder.ts";

const HOLDER = resolve(import.meta.dirname, "../support/programs/lock-holder.ts");
const STORMER = resolve(import.meta.dirname, "../support/programs/lock-storm.ts");

function holder(lock: string, log: string): ChildProcess {
  return spawn(process.execPath, [HOLDER, lock, log], { stdio: "inherit" });
}

function stormer(folder: string): ChildProcess {
  return spawn(process.execPath, [STORMER, folder], { stdio: "inherit" });
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

async function linesOf(log: string): Promise<string[]> {
  return (await readFile(log, "utf8").catch(() => "")).trim().split("\n");
}

async function untilLines(log: string, count: number): Promise<void> {
  for (let tries = 0; (await linesOf(log)).length < count; tries++) {
    if (tries > 800) throw new Error("the lock stands still");
    await pause(10);
  }
}

/** Somebody comes in although another one, who was not killed meanwhile, is still in. */
function intrusions(lines: readonly string[], dead: ReadonlySet<string>): string[] {
  let inside: string | undefined;
  return lines.filter((line) => {
    const [pid = "", verb] = line.split(" ");
    const wrong = verb === "in" && inside !== undefined && !dead.has(inside);
    inside = verb === "in" ? pid : undefined;
    return wrong;
  });
}

describe("the file lock", () => {
  it("clears away what processes left that were killed with it, taking it or breaking it, and nothing of one that lives", async () => {
    const folder = await temporaryFolder();
    const release = await holdFileLock(join(folder, "held.lock"));
    const owner = JSON.parse(await readFile(join(folder, "held.lock"), "utf8")) as object;
    const random = "a".repeat(32);
    const put = (name: string, change: object): Promise<void> => writeFile(join(folder, name), JSON.stringify({ ...owner, ...change }));
    const dead = ["dead.lock", `held.lock.${random}`, `.${random}.breaking`, "torn.lock.breaking", `torn.lock.breaking.${random}`];
    for (const name of dead) await put(name, { startTime: "1" });
    const alive = ["held.lock", `wanted.lock.${random}`, `torn.lock.${random}`];
    await put(`wanted.lock.${random}`, {});
    await writeFile(join(folder, `torn.lock.${random}`), "");
    await removeDeadLocks(folder);
    expect((await readdir(folder)).filter((name) => !name.endsWith(".alive")).toSorted()).to.deep.equal(alive.toSorted());
    if (typeof release === "function") await release();
  });

  it("clears away the sockets of processes that were killed waiting, once they are not young, and none that answers", async () => {
    const folder = await temporaryFolder();
    const sockets = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.endsWith(".alive"));
    const release = await holdFileLock(join(folder, "held.lock"));
    const living = await sockets();
    const waiter = holder(join(folder, "held.lock"), join(folder, "log"));
    while ((await sockets()).length < 2) await pause(20);
    await pause(100);
    await killed(waiter);
    await writeFile(join(folder, `held.lock.${newId()}`), "");
    await removeDeadLocks(folder);
    expect(await sockets()).to.have.length(2);
    for (const name of await readdir(folder)) await utimes(join(folder, name), 1, 1);
    await removeDeadLocks(folder);
    expect((await readdir(folder)).toSorted()).to.deep.equal([...living, "held.lock"].toSorted());
    if (typeof release === "function") await release();
  });

  it("lets one in at a time, and waits", async () => {
    const path = join(await temporaryFolder(), "lock");
    const log: string[] = [];
    const waits: number[] = [];
    const work = (name: string) => async (): Promise<void> => {
      log.push(`${name} in`);
      await pause(60);
      log.push(`${name} out`);
    };
    await Promise.all(["a", "b"].map((name) => withFileLock(path, work(name), { onWait: (pid) => void waits.push(pid) })));
    expect(log[1]?.split(" ")).to.deep.equal([log[0]?.split(" ")[0], "out"]);
    expect(waits).to.deep.equal([process.pid]);
  });

  it("is free after work that fails, and can be given up waiting for", async () => {
    const path = join(await temporaryFolder(), "lock");
    await failureOf(withFileLock(path, () => Promise.reject(new Error("broken"))));
    const release = await holdFileLock(path);
    expect(await holdFileLock(path)).to.equal(process.pid);
    const reason = new Error("enough");
    expect(await failureOf(withFileLock(path, async () => 1, { signal: AbortSignal.timeout(80) }))).to.have.property(
      "name",
      "TimeoutError",
    );
    expect(await failureOf(withFileLock(path, async () => 1, { signal: AbortSignal.abort(reason) }))).to.equal(reason);
    await (release as () => Promise<void>)();
    expect(await stat(path).catch(() => "gone")).to.equal("gone");
  });

  it("is taken over from a dead owner, whatever its host was called", async () => {
    const path = join(await temporaryFolder(), "lock");
    const owner = { pid: 2 ** 22 + 1, startTime: "1", bootId: "b", token: "t", host: hostname() };
    await writeFile(path, JSON.stringify(owner));
    expect(await withFileLock(path, async () => "mine")).to.equal("mine");
    await writeFile(path, JSON.stringify({ ...owner, host: "elsewhere" }));
    expect(await withFileLock(path, async () => "mine")).to.equal("mine");
  });

  for (const text of ["", '{"pid":12,"tok', "null", "{}", "\0\0\0\0"])
    it(`takes a lock over that a power cut left as ${JSON.stringify(text)}, also several at once`, async () => {
      const folder = await temporaryFolder();
      const path = join(folder, "the.lock");
      await writeFile(path, text);
      let inside = 0;
      const work = async (): Promise<number> => {
        const seen = ++inside;
        await pause(5);
        inside--;
        return seen;
      };
      expect(await Promise.all([1, 2, 3].map(() => withFileLock(path, work)))).to.deep.equal([1, 1, 1]);
      await writeFile(path, text);
      await removeDeadLocks(folder);
      expect(await readdir(folder)).to.deep.equal([]);
    });

  it("takes a lock whose pid another process has by now over, since the start time tells", async () => {
    const path = join(await temporaryFolder(), "lock");
    await writeFile(path, JSON.stringify({ pid: process.pid, startTime: "1", bootId: "b", token: "t", host: hostname() }));
    expect(await withFileLock(path, async () => "mine")).to.equal("mine");
  });

  it("never lets two processes in and never stands still, although they are killed", async () => {
    const folder = await temporaryFolder();
    const [lock, log] = [join(folder, "lock"), join(folder, "log")];
    const dead = new Set<string>();
    const holders = [holder(lock, log), holder(lock, log)];
    try {
      for (let round = 0; round < 4; round++) {
        await untilLines(log, (await linesOf(log)).length + 30);
        const victim = holders.shift();
        if (victim === undefined) break;
        dead.add(String(victim.pid));
        await killed(victim);
        holders.push(holder(lock, log));
      }
    } finally {
      await Promise.all(holders.map(killed));
    }
    expect(intrusions(await linesOf(log), dead)).to.deep.equal([]);
  });

  it("never lets two in and never stands still when many at once find owners that are dead, and die themselves", async () => {
    const folder = await temporaryFolder();
    const log = join(folder, "log");
    const stormers = Array.from({ length: 8 }, () => stormer(folder));
    try {
      for (let kill = 0; kill < 12; kill++) {
        const at = kill % stormers.length;
        await untilLines(log, (await linesOf(log)).length + 40);
        await killed(stormers[at] as ChildProcess);
        stormers[at] = stormer(folder);
      }
    } finally {
      await Promise.all(stormers.map(killed));
    }
    expect((await linesOf(log)).filter((line) => !line.startsWith("done"))).to.deep.equal([]);
    await removeDeadLocks(folder);
    expect((await readdir(folder)).filter((name) => /(lock|breaking)$/.test(name))).to.deep.equal([]);
  });
});
