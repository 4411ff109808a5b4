import { resolve } from "node:path";
import { defaultDataFolder } from "../../base/default-folders.ts";
import { formatBytes } from "../../base/units.ts";
import { backUp } from "../../server/backup.ts";

/** Copies the data folder of a server, which may run meanwhile, and says what the copy holds. */
export async function serverBackupCommand(target: string, flags: { data?: string }): Promise<void> {
  const dataFolder = resolve(flags.data ?? defaultDataFolder(process.env));
  const say = (what: string): void => void (process.stderr.isTTY === true && process.stderr.write(`\r\u001b[K${what} …`));
  const { databaseBytes, files, fileBytes } = await backUp(dataFolder, target, say);
  if (process.stderr.isTTY === true) process.stderr.write("\r\u001b[K");
  process.stdout.write(
    `${resolve(target)}: database of ${formatBytes(databaseBytes)}, ${files} files of ${formatBytes(fileBytes)}\n` +
      `windlass server --data ${resolve(target)} starts a server from it\n`,
  );
}
