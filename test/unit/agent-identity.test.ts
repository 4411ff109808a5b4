import { cp, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { agentIdOf, type Home, idIn, isCopy, placeIn } from "../../agent/agent-identity.ts";
import { ensurePrivateFolder } from "../../base/files.ts";
import { silentLogger } from "../../base/logger.ts";
import { temporaryFolder } from "../support/folder.ts";

const ID = "a".repeat(32);
const HERE: Home = { machine: "1".repeat(32), path: "/var/lib/windlass", place: "/var/lib/windlass" };
const INSIDE: Home = { path: "/var/lib/windlass", place: "/volumes/one/_data" };

describe("the id of a state folder", () => {
  it("stays when the folder is opened again and when it is moved, and is another one in a copy", async () => {
    const folder = await temporaryFolder();
    const [first, copy, moved] = [join(folder, "first"), join(folder, "copy"), join(folder, "moved")];
    await ensurePrivateFolder(join(first, "journal"));
    const id = await agentIdOf(first, silentLogger);
    expect(await agentIdOf(first, silentLogger)).to.equal(id);
    await cp(first, copy, { recursive: true });
    expect(await agentIdOf(copy, silentLogger))
      .to.equal(await idIn(copy))
      .and.not.to.equal(id);
    expect(await agentIdOf(first, silentLogger)).to.equal(id);
    await rename(first, moved);
    expect(await agentIdOf(moved, silentLogger)).to.equal(id);
  });

  it("stays in a folder of before, and is bound to its place from then on", async () => {
    const folder = await temporaryFolder();
    expect(await isCopy({ id: ID }, HERE)).to.equal(false);
    const id = await agentIdOf(folder, silentLogger);
    expect(JSON.parse(await readFile(join(folder, "agent.json"), "utf8"))).to.have.nested.property("home.path", folder);
    expect(id).to.equal(await idIn(folder));
  });

  const CASES: readonly { what: string; was: Home; now: Home; copied: boolean }[] = [
    { what: "the image of a machine that runs as another one", was: HERE, now: { ...HERE, machine: "2".repeat(32) }, copied: true },
    { what: "a disk that is mounted from elsewhere at the same path", was: HERE, now: { ...HERE, place: "/windlass" }, copied: false },
    { what: "a container that is started again", was: INSIDE, now: { ...INSIDE }, copied: false },
    { what: "a copied volume at the same path of a container", was: INSIDE, now: { ...INSIDE, place: "/volumes/two/_data" }, copied: true },
    { what: "a folder that came back from a copy", was: { ...HERE, inode: 1 }, now: { ...HERE, inode: 2 }, copied: true },
    { what: "a volume that was brought to another machine", was: { ...INSIDE, inode: 1 }, now: { ...INSIDE, inode: 2 }, copied: true },
    {
      what: "a copy that got the number of the first",
      was: { ...HERE, inode: 1, born: "1" },
      now: { ...HERE, inode: 1, born: "2" },
      copied: true,
    },
    { what: "a folder whose birth was not known", was: { ...HERE, inode: 1 }, now: { ...HERE, inode: 1, born: "2" }, copied: false },
    { what: "a folder whose number was not written down", was: HERE, now: { ...HERE, inode: 2 }, copied: false },
    { what: "a volume at another path of a container", was: INSIDE, now: { ...INSIDE, path: "/data" }, copied: false },
    {
      what: "a folder of the machine that a container takes over",
      was: HERE,
      now: { path: "/data", place: "/var/lib/windlass" },
      copied: false,
    },
  ];
  for (const { what, was, now, copied } of CASES)
    it(`takes ${what} for ${copied ? "a copy" : "the same"}`, async () => {
      expect(await isCopy({ id: ID, home: was }, now)).to.equal(copied);
    });

  it("knows the place of a path in its file system from the mounts", () => {
    const mounts = [
      "22 1 254:0 / / rw - ext4 /dev/vda rw",
      "30 22 254:0 /srv/my\\040state /var/lib/windlass rw - ext4 /dev/vda rw",
      "31 22 0:5 / /var/lib/windlass-other rw - tmpfs none rw",
    ].join("\n");
    expect(placeIn(mounts, "/var/lib/windlass/deep")).to.equal("/srv/my state/deep");
    expect(placeIn(mounts, "/srv/my state")).to.equal("/srv/my state");
    expect(placeIn("", "/anywhere")).to.equal("/anywhere");
  });
});
