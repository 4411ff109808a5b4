import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { codeOf, WindlassError } from "../../base/errors.ts";
import { ensurePrivateFolder } from "../../base/files.ts";

const failureOf = async (path: string): Promise<WindlassError> =>
  await ensurePrivateFolder(path).then(
    () => expect.fail("it was made"),
    (error: unknown) => error as WindlassError,
  );

describe("a private folder", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "windlass-folders-"));
  });
  afterEach(async () => await rm(folder, { recursive: true, force: true }));

  it("is made with its parents, by several at once, and left as it is when it is there", async () => {
    const path = join(folder, "a", "b", "c");
    await Promise.all(Array.from({ length: 20 }, () => ensurePrivateFolder(path)));
    await ensurePrivateFolder(path);
    expect((await stat(path)).mode & 0o777).to.equal(0o700);
    expect((await stat(join(folder, "a"))).mode & 0o777).to.equal(0o700);
  });

  it("that cannot be made says why and what to do, with the system's code", async () => {
    await writeFile(join(folder, "file"), "");
    for (const [path, code, hint] of [
      [join(folder, "file"), "EEXIST", /There is a file of that name/],
      [join(folder, "file", "below"), "ENOTDIR", /is a file/],
      ["/proc/nobody/below", "ENOENT", /takes no new folders/],
    ] as const) {
      const error = await failureOf(path);
      expect(error).to.be.instanceOf(WindlassError);
      expect([codeOf(error), error.message.startsWith(`the folder ${path} cannot be made (`)]).to.deep.equal([code, true]);
      expect(error.hint).to.match(hint);
    }
  });
});
