import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { withFileLock } from "../../base/file-lock.ts";

const run = promisify(execFile);

/** The folder of a virtual environment with these packages: made once per machine and list, at its final place. */
export async function venvWith(packages: readonly string[]): Promise<string> {
  const key = createHash("sha256").update(packages.join(" ")).digest("hex").slice(0, 12);
  const folder = join(process.env["WINDLASS_TEST_CACHE"] ?? tmpdir(), `windlass-test-sdk-${key}`);
  const ready = join(folder, "READY");
  await mkdir(folder, { recursive: true });
  await withFileLock(`${folder}.lock`, async () => {
    if (await isThere(ready)) return;
    await run("python3", ["-m", "venv", "--clear", folder]);
    await run(join(folder, "bin/pip"), ["install", "-q", "--disable-pip-version-check", ...packages], { maxBuffer: 2 ** 26 });
    await writeFile(ready, "");
  });
  return folder;
}

const isThere = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  );
