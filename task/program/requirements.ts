import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { readIfThere } from "../../base/files.ts";

/** What a program says about its packages before `Task.init`; they take the place of pip's lists (task-class.md A8). */
const added = new Map<string, string>();
const ignored = new Set<string>();
let frozen: { readonly file: string | undefined } | undefined;

/** A package that no import shows, with its version or range; `""`: any. */
export function addPackage(name: string, version = ""): void {
  added.set(name, version);
  ignored.delete(name);
}

export function ignorePackage(name: string): void {
  ignored.add(name);
  added.delete(name);
}

/** The lock file as it is (or the given file) instead of the list that package.json names. */
export function freezePackages(force: boolean, file?: string): void {
  frozen = force ? { file } : undefined;
}

const LOCK_FILES = ["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock"];
/** As long as a list of packages may be (task-class.md B11). */
const LONGEST = 512 * 1024;

/**
 * The packages of the program, as lines `name@version`: those that its package.json names, in the version that is installed. A frozen
 * environment is the text of its lock file.
 */
export async function programRequirements(folder = dirname(resolve(process.argv[1] ?? "."))): Promise<Record<string, string>> {
  const root = packageRoot(folder);
  const lock = frozen === undefined ? undefined : await lockText(root, frozen.file);
  if (lock !== undefined && lock.length <= LONGEST) return { npm: lock };
  const wanted = root === undefined ? {} : await dependenciesOf(join(root, "package.json"));
  const names = [...new Set([...Object.keys(wanted), ...added.keys()])].filter((name) => !ignored.has(name)).toSorted();
  const versions = await Promise.all(
    names.map(async (name) => added.get(name) || (await installedVersion(root, name)) || wanted[name] || "*"),
  );
  const lines = names.map((name, at) => `${name}@${versions[at]}`);
  return { npm: [`# Node ${process.versions.node}`, "", ...lines, ""].join("\n").slice(0, LONGEST) };
}

/** The nearest folder upwards that has a package.json. */
function packageRoot(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
    if (dirname(at) === at) return undefined;
  }
}

async function lockText(root: string | undefined, file: string | undefined): Promise<string | undefined> {
  if (file !== undefined) return await readFile(file, "utf8");
  const name = root === undefined ? undefined : LOCK_FILES.find((candidate) => existsSync(join(root, candidate)));
  return root === undefined || name === undefined ? undefined : await readIfThere(join(root, name));
}

async function dependenciesOf(file: string): Promise<Record<string, string>> {
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(await readFile(file, "utf8")) as Record<
    string,
    Record<string, string>
  >;
  return { ...optionalDependencies, ...dependencies };
}

async function installedVersion(root: string | undefined, name: string): Promise<string | undefined> {
  for (let at = root; at !== undefined; at = dirname(at) === at ? undefined : dirname(at)) {
    const text = await readIfThere(join(at, "node_modules", name, "package.json")).catch(() => undefined);
    if (text !== undefined) return (JSON.parse(text) as { version?: string }).version;
  }
  return undefined;
}
