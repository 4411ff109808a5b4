import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { aliveSocketAnswers, openAliveSocket } from "../../base/alive-socket.ts";
import { aliveHolder, holdFileLock, withFileLock } from "../../base/file-lock.ts";
import { newId } from "../../base/ids.ts";
import { isSharedType, mayBeShared } from "../../base/shared-file-system.ts";

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), "windlass-lock-"));

/** Makes the lock's owner look like a process in another container of this machine. */
async function moveElsewhere(path: string, more: object = {}): Promise<{ token: string }> {
  const owner = JSON.parse(await readFile(path, "utf8")) as { token: string };
  await writeFile(path, JSON.stringify({ ...owner, host: "0123456789ab", pidSpace: "pid:[1]", pid: 1, startTime: "7", ...more }));
  return owner;
}

describe("a lock between containers", () => {
  it("is held by one at a time, and leaves nothing in its folder", async () => {
    const path = join(await folder(), "a.lock");
    let inside = 0;
    const work = async (): Promise<void> => {
      expect(++inside).to.equal(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withFileLock(path, work)));
    expect(await readdir(join(path, ".."))).to.deep.equal([]);
  });

  it("is kept by an owner in another container as long as that lives, whatever the hosts are called", async () => {
    const path = join(await folder(), "a.lock");
    const release = await holdFileLock(path);
    await moveElsewhere(path);
    expect(await holdFileLock(path)).to.equal(1);
    await moveElsewhere(path, { host: hostname() });
    expect(await aliveHolder(path)).to.equal(1);
    await (release as () => Promise<void>)();
    expect(await readdir(join(path, ".."))).to.deep.equal([]);
  });

  it("is taken over from an owner in a container that is gone", async () => {
    const path = join(await folder(), "a.lock");
    const release = await holdFileLock(path);
    const text = await readFile(path, "utf8");
    await (release as () => Promise<void>)();
    await writeFile(path, text);
    await moveElsewhere(path);
    expect(await aliveHolder(path)).to.equal(undefined);
    const taken = await holdFileLock(path);
    expect(taken).to.be.a("function");
    await (taken as () => Promise<void>)();
  });

  it("is taken over from an owner of another boot, whatever its host was called, on a disk of this machine", async () => {
    const path = join(await folder(), "a.lock");
    await holdFileLock(path);
    await moveElsewhere(path, { bootId: "another boot" });
    expect(await aliveHolder(path)).to.equal(undefined);
  });

  it("knows the file systems that another machine may have mounted, too", async () => {
    const [nfs, cifs, signedCifs, ext4, overlay, xfs] = [0x6969, 0xff534d42, 0xff534d42 | 0, 0xef53, 0x794c7630, 0x58465342];
    expect([nfs, cifs, signedCifs].map(isSharedType)).to.deep.equal([true, true, true]);
    expect([ext4, overlay, xfs].map(isSharedType)).to.deep.equal([false, false, false]);
    expect(await mayBeShared(tmpdir())).to.equal(false);
  });

  it("believes an owner without a socket", async () => {
    const path = join(await folder(), "a.lock");
    await holdFileLock(path);
    await moveElsewhere(path, { token: "unknown", hasSocket: false });
    expect(await aliveHolder(path)).to.equal(1);
  });

  it("has a proof of life that also works at the end of a long path", async () => {
    const deep = join(await folder(), newId(), newId(), newId(), newId());
    await mkdir(deep, { recursive: true });
    const path = join(deep, newId());
    expect(await aliveSocketAnswers(path)).to.equal(false);
    const socket = await openAliveSocket(path);
    expect(socket).not.to.equal(undefined);
    expect(await aliveSocketAnswers(path)).to.equal(true);
    await socket?.close();
    expect(await aliveSocketAnswers(path)).to.equal(false);
  });
});
