import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { baseImage, importDebian } from "./docker.ts";
import { buildImage, docker } from "./docker-command.ts";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");

/** Adds Node 24 and this machine's npm to an image: only for tests, a user's base has them. */
export async function nodeBase(base: string, tag: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "windlass-node-"));
  await mkdir(join(folder, "bin"));
  await cp(join(ROOT, "node_modules/node/bin/node"), join(folder, "bin/node"), { dereference: true });
  const { stdout } = await run("sh", ["-c", 'readlink -f "$(command -v npm)"']);
  await cp(resolve(stdout.trim(), "../.."), join(folder, "npm"), { recursive: true, dereference: true });
  const ca = process.env["SSL_CERT_FILE"];
  if (ca !== undefined) await cp(ca, join(folder, "ca.pem"), { dereference: true });
  const npmrc = (await run("npm", ["config", "get", "registry"])).stdout.trim();
  await writeFile(join(folder, "npmrc"), `registry=${npmrc}\n${ca === undefined ? "" : "cafile=/opt/ca.pem\n"}`);
  await writeFile(join(folder, "Dockerfile"), dockerfileOf(base, await readdir(folder)));
  await buildImage(tag, folder);
  await rm(folder, { recursive: true });
  return tag;
}

function dockerfileOf(base: string, files: readonly string[]): string {
  return [
    `FROM ${base}`,
    "COPY bin/node /usr/local/bin/node",
    "COPY npm /usr/local/lib/node_modules/npm",
    "RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm",
    ...(files.includes("ca.pem") ? ["COPY ca.pem /opt/ca.pem"] : []),
    "COPY npmrc /usr/local/etc/npmrc",
    "",
  ].join("\n");
}

/** Checkouts beside each other have images of their own. */
const ownTag = (name: string): string => `${name}:${createHash("sha256").update(ROOT).digest("hex").slice(0, 12)}`;

let agent: Promise<string> | undefined;

/** The image of `Dockerfile`, on a base of Debian with this machine's Node: no registry of images is needed. */
export function agentImage(): Promise<string> {
  agent ??= makeAgentImage();
  return agent;
}

async function makeAgentImage(): Promise<string> {
  const tag = ownTag("windlass-test-agent");
  const folder = await mkdtemp(join(tmpdir(), "windlass-image-"));
  const base = await nodeBase(await baseImage(), "windlass-test-node:bookworm");
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: ROOT });
  await cp(join(ROOT, "Dockerfile"), join(folder, "Dockerfile"));
  await buildImage(tag, folder, "--build-arg", `BASE=${base}`);
  await rm(folder, { recursive: true });
  return tag;
}

/** An image with systemd, Python and git, and `windlass` installed globally from its tarball. */
export async function serviceImage(): Promise<string> {
  const tag = "windlass-test-systemd:bookworm";
  const there = await docker("image", "inspect", tag).catch(() => undefined);
  if (there === undefined)
    await importDebian(tag, ["systemd", "systemd-sysv", "dbus", "python3", "python3-venv", "git", "ca-certificates"]);
  const base = await nodeBase(tag, "windlass-test-systemd-node:bookworm");
  const folder = await mkdtemp(join(tmpdir(), "windlass-image-"));
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: ROOT });
  await writeFile(join(folder, "Dockerfile"), `FROM ${base}\nCOPY *.tgz /opt/\nRUN npm install --global --omit=dev /opt/*.tgz\n`);
  const installed = ownTag("windlass-test-installed");
  await buildImage(installed, folder);
  await rm(folder, { recursive: true });
  return installed;
}
