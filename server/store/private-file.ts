import { chmod, open } from "node:fs/promises";
import { codeOf } from "../../base/errors.ts";

/** SQLite gives its side files the mode of the file itself: only the owner may read what tasks say. */
export async function ensurePrivateFile(path: string): Promise<void> {
  await (await open(path, "a", 0o600)).close();
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    await chmod(file, 0o600).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw error;
    });
  }
}
