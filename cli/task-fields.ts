import { execFile } from "node:child_process";
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { WindlassError } from "../base/errors.ts";

export interface RunFlags {
  readonly project: string;
  readonly name?: string;
  readonly repo?: string;
  readonly branch?: string;
  readonly commit?: string;
  readonly folder?: string;
  readonly script?: string;
  readonly module?: string;
  readonly cwd?: string;
  readonly args?: readonly string[];
  readonly queue: string;
  readonly requirements?: string;
  readonly packages?: readonly string[];
  readonly docker?: string;
  readonly docker_args?: string;
  readonly docker_bash_setup_script?: string;
  readonly taskType: string;
  readonly tags?: readonly string[];
  readonly binary?: string;
}

const run = promisify(execFile);
const wrong = (message: string, hint = "windlass run --help says more."): WindlassError =>
  new WindlassError(message, { code: "usage", hint });

/** The task that the flags of `windlass run` describe. */
export async function taskFields(flags: RunFlags): Promise<object> {
  if (flags.script === undefined && flags.module === undefined) throw wrong("say what to run: --script FILE or --module NAME");
  if (flags.repo !== undefined && flags.folder !== undefined) throw wrong("--repo and --folder exclude each other");
  const name = flags.name ?? basename(flags.script ?? flags.module ?? "task");
  return {
    name: name.length < 3 ? `task ${name}` : name,
    type: flags.taskType,
    ...(flags.tags === undefined ? {} : { tags: flags.tags }),
    script: { ...(await codeOf(flags)), binary: binaryOf(flags), ...(await requirementsOf(flags)) },
    container: await containerOf(flags),
    hyperparams: parametersOf(flags.args ?? []),
  };
}

function binaryOf(flags: RunFlags): string {
  if (flags.binary !== undefined) return flags.binary;
  return extname(flags.script?.split(/\s+/)[0] ?? "") === ".sh" ? "bash" : "python3";
}

const entryOf = (flags: RunFlags, script: string | undefined): string =>
  flags.module === undefined ? (script ?? "") : `-m ${flags.module}`;

async function codeOf(flags: RunFlags): Promise<object> {
  if (flags.repo !== undefined) {
    return {
      repository: await addressOf(flags.repo),
      branch: flags.branch,
      version_num: flags.commit,
      working_dir: flags.cwd ?? ".",
      entry_point: entryOf(flags, flags.script),
    };
  }
  if (flags.folder !== undefined) return await codeOfFolder(flags, resolve(flags.folder));
  if (flags.script === undefined) throw wrong("--module needs --repo or --folder");
  const file = resolve(flags.script);
  if (!(await stat(file).catch(() => undefined))?.isFile()) throw wrong(`there is no file ${flags.script}`);
  const isTracked = await git(dirname(file), "ls-files", "--error-unmatch", basename(file)).then(
    () => true,
    () => false,
  );
  if (isTracked) return await codeOfFolder({ ...flags, script: file }, dirname(file));
  return { entry_point: basename(file), diff: await readFile(file, "utf8"), working_dir: "." };
}

/** A local path is what another process of this machine must find, too. */
async function addressOf(repo: string): Promise<string> {
  return /^[\w+.-]+:|@.*:/.test(repo) ? repo : await realpath(repo).catch(() => repo);
}

/** A checkout: its repository (the remote, else itself), its commit, its uncommitted changes. */
async function codeOfFolder(flags: RunFlags, folder: string): Promise<object> {
  const root = (await git(folder, "rev-parse", "--show-toplevel").catch(() => notGit(folder))).trim();
  const remote = (await git(root, "remote", "get-url", "origin").catch(() => "")).trim();
  const commit = (await git(root, "rev-parse", "HEAD").catch(() => noCommit(root))).trim();
  const branch = (await git(root, "rev-parse", "--abbrev-ref", "HEAD")).trim();
  const diff = await git(root, "diff", "--submodule=diff", "HEAD");
  const pushed = remote !== "" && (await git(root, "branch", "-r", "--contains", commit).catch(() => "")).trim() !== "";
  const script = flags.script === undefined ? undefined : await scriptIn(root, folder, flags.script);
  const workingDir = flags.cwd ?? (script === undefined ? relative(root, await realpath(folder)) : dirname(script));
  return {
    repository: pushed ? remote : root,
    branch: branch === "HEAD" ? undefined : branch,
    version_num: commit,
    diff,
    working_dir: workingDir === "" ? "." : workingDir,
    entry_point: entryOf(flags, script === undefined ? undefined : relative(workingDir, script)),
  };
}

async function scriptIn(root: string, folder: string, script: string): Promise<string> {
  const path = await realpath(resolve(folder, script)).catch(() => {
    throw wrong(`there is no ${script} in ${folder}`);
  });
  return relative(await realpath(root), path);
}

function notGit(folder: string): never {
  throw wrong(`${folder} is no git repository`, "git init, add and commit in it first, or give --script without --folder.");
}

function noCommit(root: string): never {
  throw wrong(`${root} has no commit yet`, "Commit first: a task runs a recorded commit.");
}

async function git(folder: string, ...args: string[]): Promise<string> {
  return (await run("git", ["-C", folder, ...args], { maxBuffer: 64 * 2 ** 20 })).stdout;
}

async function requirementsOf(flags: RunFlags): Promise<object> {
  const lines =
    flags.requirements === undefined
      ? []
      : [await readFile(flags.requirements, "utf8").catch(() => Promise.reject(wrong(`there is no file ${flags.requirements}`)))];
  const pip = [...lines, ...(flags.packages ?? [])].join("\n");
  return pip === "" ? {} : { requirements: { pip } };
}

async function containerOf(flags: RunFlags): Promise<object> {
  const setup = flags.docker_bash_setup_script;
  const script = setup === undefined ? undefined : await readFile(setup, "utf8").catch(() => setup);
  return {
    ...(flags.docker === undefined ? {} : { image: flags.docker }),
    ...(flags.docker_args === undefined ? {} : { arguments: flags.docker_args }),
    ...(script === undefined ? {} : { setup_shell_script: script }),
  };
}

function parametersOf(args: readonly string[]): object {
  const items = args.map((arg) => {
    const at = arg.indexOf("=");
    if (at < 1) throw wrong(`--args: "${arg}" is not NAME=VALUE`);
    const name = arg.slice(0, at);
    return [name, { section: "Args", name, value: arg.slice(at + 1) }];
  });
  return items.length === 0 ? {} : { Args: Object.fromEntries(items) };
}
