import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const TEST_IMAGE = "windlass-test-python:bookworm";

/** A mocha hook: without an engine the tests are skipped and say why; with WINDLASS_REQUIRE_DOCKER (in CI) that is a failure. */
export function requireDocker(this: Mocha.Context): void {
  if (dockerAnswers()) return;
  if (process.env["WINDLASS_REQUIRE_DOCKER"] !== undefined) throw new Error("no Docker engine answers, and WINDLASS_REQUIRE_DOCKER is set");
  process.stdout.write("    no Docker engine answers: these tests are skipped\n");
  this["skip"]();
}

export function dockerAnswers(): boolean {
  try {
    execFileSync("docker", ["info"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

let image: Promise<string> | undefined;

/** An image with python3, venv, pip and git: WINDLASS_TEST_IMAGE, else one that is made with debootstrap (under a minute, as root). */
export function baseImage(): Promise<string> {
  image ??= process.env["WINDLASS_TEST_IMAGE"] === undefined ? makeBaseImage() : Promise.resolve(process.env["WINDLASS_TEST_IMAGE"]);
  return image;
}

async function makeBaseImage(): Promise<string> {
  const there = await run("docker", ["image", "inspect", TEST_IMAGE]).then(
    () => true,
    () => false,
  );
  if (!there) await importDebian(TEST_IMAGE, ["python3", "python3-venv", "python3-pip", "git", "ca-certificates"]);
  return TEST_IMAGE;
}

/** Makes an image of Debian 12 with these packages, without any registry of images. */
export async function importDebian(tag: string, packages: readonly string[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-debian-"));
  try {
    await run("debootstrap", ["--variant=minbase", `--include=${packages.join(",")}`, "bookworm", folder], { maxBuffer: 64 * 2 ** 20 });
    await run("sh", ["-c", `tar -C "$0" -c . | docker import - "$1"`, folder, tag]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
