import { appendFileSync, linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { withFileLock } from "../../../base/file-lock.ts";
import { newId } from "../../../base/ids.ts";
import { identityOf, isAlive, type ProcessIdentity } from "../../../base/process-identity.ts";

/**
 * Takes `FOLDER/the.lock` again and again, and looks whether it is alone with it: whoever comes in makes the file `inside`, which
 * nobody else may have made that lives. Every second time it leaves the lock of a dead owner behind, and sometimes it dies.
 */
const folder = process.argv[2] ?? "";
const [lock, inside, log] = ["the.lock", "inside", "log"].map((name) => join(folder, name)) as [string, string, string];
const me = await identityOf(process.pid);
const tell = (word: string): void => appendFileSync(log, `${word} ${process.pid}\n`);

async function enter(): Promise<void> {
  const proof = join(folder, newId());
  writeFileSync(proof, JSON.stringify(me));
  try {
    linkSync(proof, inside);
  } catch {
    const other = JSON.parse(readFileSync(inside, "utf8")) as ProcessIdentity;
    if (await staysAlive(other)) tell("intrusion");
    renameSync(proof, inside);
  }
}

/** A process that is being killed has lost its sockets a moment before it is gone, and does nothing any more. */
async function staysAlive(other: ProcessIdentity): Promise<boolean> {
  for (let look = 0; look < 40; look++) {
    if (!(await isAlive(other))) return false;
    await pause(50);
  }
  return true;
}

/** As if the owner had been killed: others take the lock over while this one still believes that it is its own. */
function pretendDeath(): void {
  const owner = JSON.parse(readFileSync(lock, "utf8")) as object;
  const aside = join(folder, newId());
  writeFileSync(aside, JSON.stringify({ ...owner, startTime: "1", token: newId() }));
  renameSync(aside, lock);
}

async function comeAndGo(): Promise<void> {
  for (;;) {
    await withFileLock(lock, async () => {
      await enter();
      await pause(Math.random() * 2);
      if (Math.random() < 0.01) process.kill(process.pid, "SIGKILL");
      unlinkSync(inside);
      if (Math.random() < 0.5) pretendDeath();
      tell("done");
    });
    await pause(Math.random() * 20);
  }
}

await Promise.all(Array.from({ length: 6 }, comeAndGo));
