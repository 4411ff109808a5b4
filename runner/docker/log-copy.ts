import { createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import { type RetrySchedule, retry } from "../../base/retry.ts";
import { isUncertain } from "./connection.ts";

/** An engine that is down is waited for: its log is complete when it is back. */
const READ_ON: RetrySchedule = { tries: Infinity, firstDelayMs: 250, factor: 2, maxDelayMs: 5_000 };

/**
 * For images without a shell: the engine's own log, copied into the console's file, without the first `skip` bytes, which an
 * earlier agent process copied. A log that breaks off is read again from its beginning, without what was copied by then.
 * Resolves when it is complete. Throws the engine's error when it has no such log (404: the container is gone), and those of the file.
 */
export async function copyLog(docker: Docker, container: Docker.Container, path: string, skip = 0): Promise<void> {
  let copied = skip;
  const unread = (): Transform => {
    let seen = 0;
    return new Transform({
      transform(chunk: Buffer, _encoding, done) {
        const known = Math.min(Math.max(copied - seen, 0), chunk.length);
        seen += chunk.length;
        copied = Math.max(copied, seen);
        done(null, chunk.subarray(known));
      },
    });
  };
  await retry(() => copyOnce(docker, container, path, unread()), { schedule: READ_ON, retryable: isUncertain });
}

/** A break is thrown when all that came before it is in the file. */
async function copyOnce(docker: Docker, container: Docker.Container, path: string, unread: Transform): Promise<void> {
  const log = (await container.logs({ follow: true, stdout: true, stderr: true })) as NodeJS.ReadableStream & { destroy(): void };
  docker.modem.demuxStream(log, unread, unread);
  const written = pipeline(unread, createWriteStream(path, { flags: "a" }));
  written.catch(() => log.destroy());
  const broke = await finished(log).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  unread.end();
  await written;
  if (broke !== undefined) throw broke.error;
}
