import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

/**
 * Makes `windlass-task`, the `Task` class as a package of its own, in dist-task/ and packs it: what task/ needs of task/, api/ and base/,
 * and nothing else. Usage: node scripts/pack-task.ts [FOLDER]; prints the path of the tarball.
 */
const ROOT = resolve(import.meta.dirname, "..");
const TARGET = join(ROOT, "dist-task");
/** Readers of HOCON and YAML, each loaded when there is such a text. */
const DEPENDENCIES = ["@pushcorn/hocon-parser", "yaml"];

const whole = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<string, Record<string, string>>;

const manifest = {
  name: "windlass-task",
  version: whole["version"],
  description: "The Task class of ClearML for TypeScript and JavaScript programs.",
  license: whole["license"],
  type: "module",
  engines: whole["engines"],
  exports: { ".": { types: "./task/index.d.ts", default: "./task/index.js" }, "./package.json": "./package.json" },
  dependencies: Object.fromEntries(DEPENDENCIES.map((name) => [name, whole["dependencies"]?.[name]])),
};

rmSync(TARGET, { recursive: true, force: true });
execFileSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", join(ROOT, "tsconfig.task.json")], { stdio: ["ignore", 2, 2] });
writeFileSync(join(TARGET, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
cpSync(join(ROOT, "docs/task.md"), join(TARGET, "README.md"));
cpSync(join(ROOT, "LICENSE"), join(TARGET, "LICENSE"));
const folder = resolve(process.argv[2] ?? ROOT);
const name = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: TARGET, encoding: "utf8" }).trim();
process.stdout.write(`${join(folder, name)}\n`);
