import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { entriesBelow, readZip, writeZip } from "../../task/archive/zip.ts";
import { OpenedSession } from "../../task/offline/opened-session.ts";
import { temporaryFolder } from "../support/folder.ts";

describe("zip files of tasks", () => {
  let folder: string;
  before(async () => {
    folder = await temporaryFolder();
  });
  after(async () => await rm(folder, { recursive: true, force: true }));

  it("hold the files below a folder by their paths, in any letters, and give them back", async () => {
    await mkdir(join(folder, "in/ner"), { recursive: true });
    await writeFile(join(folder, "in/grüße.txt"), "grüße".repeat(1000));
    await writeFile(join(folder, "in/ner/empty"), "");
    writeZip(join(folder, "a.zip"), entriesBelow(join(folder, "in")));
    const found = [...readZip(join(folder, "a.zip"))].map(({ name, content }) => [name, content.toString()]);
    expect(found).to.deep.equal([
      ["grüße.txt", "grüße".repeat(1000)],
      ["ner/empty", ""],
    ]);
  });

  it("are refused when they are none, or end too early", async () => {
    const path = join(folder, "b.zip");
    await writeFile(path, "no zip at all");
    expect(() => [...readZip(path)]).to.throw("is no zip file");
  });

  it("of a session are refused when they hold a path that leaves it", async () => {
    const path = join(folder, "c.zip");
    writeZip(path, [{ name: "../../escaped", content: Buffer.from("x") }]);
    expect(await OpenedSession.open(path).catch((error) => error)).to.have.property("code", "bad-session");
  });
});
