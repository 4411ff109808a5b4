import { chmod, cp, mkdir, readdir, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { withFileLock } from "../../base/file-lock.ts";
import { syncFolder, writeFileDurably } from "../../base/files.ts";
import { KeyedMutex } from "../../base/mutex.ts";
import { runCommand } from "../../base/run-command.ts";
import type { Environment, RunContext } from "../engine.ts";
import { hostEnvironment } from "../host-environment.ts";
import { RunError } from "../run-error.ts";
import type { Source } from "../source/source.ts";
import { concludeRemoval, type Kept, markUse } from "../uses.ts";
import type { HostPython } from "./interpreter.ts";
import { isNetworkFailure, pipFailure } from "./pip-failures.ts";
import type { Requirements } from "./requirements.ts";

/**
 * Virtual environments, each at its final path under its key. One counts only once its READY file, which names that path, is
 * on disk; then it is write-protected and shared by every run. A half-built one is thrown away at the next attempt.
 */
const READY = "READY";
const locks = new KeyedMutex();

export interface VenvRequest {
  readonly key: string;
  readonly python: HostPython;
  readonly requirements: Requirements;
  readonly source: Source;
}

export async function ensureVenv(request: VenvRequest, context: RunContext): Promise<Environment> {
  const folder = join(context.stateFolder, "environments", request.key);
  const kept: Kept = { kind: "environment", name: request.key };
  const stays = await markUse(context.stateFolder, kept, context.runId);
  if (stays && (await isFresh(folder, context))) return await environmentAt(folder, request.key, true);
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  const onWait = (pid: number): void => context.console.note(`waiting for process ${pid}, which builds the same environment`);
  return await locks.run(
    folder,
    () => withFileLock(`${folder}.lock`, () => buildUnlessReady(folder, request, context), { signal: context.signal, onWait }),
    context.signal,
  );
}

async function buildUnlessReady(folder: string, request: VenvRequest, context: RunContext): Promise<Environment> {
  await concludeRemoval(context.stateFolder, { kind: "environment", name: request.key });
  const builtMeanwhile = await isFresh(folder, {
    ...context,
    settings: { ...context.settings, environments: { ...context.settings.environments, refresh: false } },
  });
  if (builtMeanwhile && !context.settings.environments.refresh) return await environmentAt(folder, request.key, true);
  await removeProtected(folder);
  try {
    await build(folder, request, context);
  } catch (error) {
    await removeProtected(folder).catch(() => undefined);
    throw error;
  }
  return await environmentAt(folder, request.key, false);
}

async function isFresh(folder: string, context: RunContext): Promise<boolean> {
  const { maxAgeMs, refresh } = context.settings.environments;
  const ready = refresh ? undefined : await stat(join(folder, READY)).catch(() => undefined);
  return ready !== undefined && (maxAgeMs === undefined || Date.now() - ready.mtimeMs < maxAgeMs) && (await liesWhereBuilt(folder));
}

/** Its scripts name their interpreter by the path of then: in a state folder that was moved they would not start. */
async function liesWhereBuilt(folder: string): Promise<boolean> {
  const builtAt = await readFile(join(folder, READY), "utf8");
  if (builtAt === folder || !isAbsolute(builtAt)) return true;
  const [then, now] = await Promise.all([realpath(builtAt).catch(() => undefined), realpath(folder)]);
  return then === now;
}

async function environmentAt(folder: string, key: string, hit: boolean): Promise<Environment> {
  const freeze = hit ? undefined : await readFile(join(folder, "installed.txt"), "utf8").catch(() => undefined);
  return {
    hit,
    key,
    python: join(folder, "bin/python"),
    venv: folder,
    ...(freeze === undefined ? {} : { installed: freeze.trim().split("\n") }),
  };
}

async function build(folder: string, request: VenvRequest, context: RunContext): Promise<void> {
  await context.console.say(
    `building environment ${request.key} with ${request.python.path} and the requirements of ${request.requirements.origin}`,
  );
  await makeVenv(folder, request.python, context);
  const python = join(folder, "bin/python");
  await installRequirements(python, folder, request, context);
  const freeze = await runCommand(python, ["-m", "pip", "freeze", "--disable-pip-version-check"], {
    env: hostEnvironment(context.settings),
    signal: context.signal,
  });
  await writeFile(join(folder, "installed.txt"), freeze.stdout);
  await protect(folder);
  await chmod(folder, 0o755);
  await writeFileDurably(join(folder, READY), folder);
  await chmod(folder, 0o555);
  await syncFolder(dirname(folder));
}

async function makeVenv(folder: string, python: HostPython, context: RunContext): Promise<void> {
  const options = { env: hostEnvironment(context.settings), signal: context.signal };
  const made = await runCommand(python.path, ["-m", "venv", folder], options);
  if (made.exitCode === 0) return;
  const other = await runCommand(python.path, ["-m", "virtualenv", "-q", folder], options);
  if (other.exitCode === 0) return;
  throw new RunError(
    "failed/environment-python",
    `${python.path} cannot make a virtual environment: ${(made.stderr || made.stdout).trim().slice(-300)}`,
    {
      hint: "On Debian and Ubuntu: apt install python3-venv.",
    },
  );
}

const NETWORK_TRIES = 3;
/** Downloads and built wheels, inside the state folder so that they count and can be cleaned; the operator's own PIP_CACHE_DIR is left to him. */
const PIP_CACHE: Kept = { kind: "cache", name: "pip" };

async function installRequirements(python: string, folder: string, request: VenvRequest, context: RunContext): Promise<void> {
  const file = await writeRequirements(folder, request);
  await markUse(context.stateFolder, PIP_CACHE, context.runId);
  const cwd = dirname(file);
  for (let tries = 1; ; tries++) {
    let output = "";
    const { exitCode } = await runCommand(
      python,
      ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "-r", file],
      {
        cwd,
        env: { PIP_CACHE_DIR: join(context.stateFolder, "caches", PIP_CACHE.name), ...hostEnvironment(context.settings) },
        signal: context.signal,
        onOutput: (chunk) => {
          output = (output + chunk.toString()).slice(-64 * 1024);
          context.console.feed(chunk);
        },
      },
    );
    if (exitCode === 0) return;
    if (!isNetworkFailure(output) || tries >= NETWORK_TRIES) throw pipFailure(output);
    await context.console.say(`the package index did not answer, attempt ${tries + 1} of ${NETWORK_TRIES} follows`);
  }
}

/**
 * The text and the files that it refers to, laid out as in the repository; with the source, where something is installed
 * from it: `-e .` points there for as long as the environment lives, and a workspace goes with its run.
 */
async function writeRequirements(folder: string, { requirements, source }: VenvRequest): Promise<string> {
  const root = join(folder, "requested");
  if (requirements.needsSource) await cp(source.workspace, root, { recursive: true, filter: (path) => basename(path) !== ".git" });
  for (const [name, text] of Object.entries(requirements.files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), `${text}\n`);
  }
  const file = join(root, requirements.folder, "windlass-requirements.txt");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${requirements.text}\n`);
  return file;
}

/** Takes the right to write from every folder: a run cannot change what others share. */
async function protect(folder: string): Promise<void> {
  await forEachFolder(folder, (path) => chmod(path, 0o555));
}

async function removeProtected(folder: string): Promise<void> {
  await chmod(folder, 0o755).catch(() => undefined);
  await forEachFolder(
    folder,
    () => Promise.resolve(),
    (path) => chmod(path, 0o755),
  ).catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
}

async function forEachFolder(
  folder: string,
  after: (path: string) => Promise<void>,
  before: (path: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await before(folder);
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await forEachFolder(join(folder, entry.name), after, before);
  await after(folder);
}
