import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Arguments of one call; paths are at most a few hundred bytes long. */
const BATCH = 200;

/** Bytes on disk of files and folders, as `du` counts them, in a process of its own: a huge tree must not hold the agent up. */
export async function sizesOf(paths: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (let at = 0; at < paths.length; at += BATCH)
    for (const [path, bytes] of await measure(paths.slice(at, at + BATCH))) sizes.set(path, bytes);
  return sizes;
}

async function measure(paths: readonly string[]): Promise<[string, number][]> {
  const lines = await run("du", ["-sk", "--", ...paths], { maxBuffer: 16 * 2 ** 20 }).then(
    ({ stdout }) => stdout,
    // Something vanished or may not be read while it was measured: the rest stands in the output all the same.
    (error: { stdout?: string }) => error.stdout ?? "",
  );
  return lines.split("\n").flatMap((line) => {
    const [kib = "", path] = line.split("\t");
    return path === undefined ? [] : [[path, Number(kib) * 1024] as [string, number]];
  });
}
