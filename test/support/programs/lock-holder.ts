import { appendFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { withFileLock } from "../../../base/file-lock.ts";

/** Takes the lock again and again; writes down when it has it and when not any more. May be killed at any moment. */
const [lock = "", log = ""] = process.argv.slice(2);
for (;;) {
  await withFileLock(lock, async () => {
    await appendFile(log, `${process.pid} in\n`);
    await pause(2);
    await appendFile(log, `${process.pid} out\n`);
  });
  await pause(1);
}
