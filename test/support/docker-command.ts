import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs `docker` and returns what it printed. */
export async function docker(...args: readonly string[]): Promise<string> {
  return (await run("docker", args, { maxBuffer: 64 * 2 ** 20 })).stdout.trim();
}

/** Builds an image from a folder, also by an engine that has no buildx. */
export async function buildImage(tag: string, folder: string, ...args: readonly string[]): Promise<void> {
  await run("docker", ["build", "-q", "-t", tag, ...args, folder], {
    env: { ...process.env, DOCKER_BUILDKIT: "0" },
    maxBuffer: 64 * 2 ** 20,
  });
}
