import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");
const PROGRAM = `import { Task, type InitOptions } from "windlass-task";
const options: InitOptions = { projectName: "Packed" };
const parameters = new Object() as { rate: number };
const typed = (task: Task): number => task.connect(parameters).rate;
console.log(typeof Task.init, options.projectName, typed.length);
`;

describe("the package windlass-task", function () {
  this.timeout(180_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "windlass-task-package-"));
    const { stdout } = await run(process.execPath, [join(ROOT, "scripts/pack-task.ts"), folder]);
    await writeFile(join(folder, "package.json"), '{"private": true, "type": "module"}');
    await run("npm", ["install", "--silent", "--no-audit", "--no-fund", stdout.trim()], { cwd: folder });
  });
  after(async () => await rm(folder, { recursive: true, force: true }));

  it("is imported as ESM, with its types, in an empty folder", async () => {
    await writeFile(join(folder, "program.ts"), PROGRAM);
    await cp(join(ROOT, "node_modules/@types/node"), join(folder, "node_modules/@types/node"), { recursive: true });
    const strict = ["--strict", "--noEmit", "--skipLibCheck", "--module", "nodenext", "--target", "es2024", "--types", "node"];
    await run(join(ROOT, "node_modules/.bin/tsc"), [...strict, "program.ts"], { cwd: folder });
    expect((await run(process.execPath, ["program.ts"], { cwd: folder })).stdout).to.equal("function Packed 1\n");
  });

  it("holds only what task/ uses of task/, api/ and base/, and depends on two readers of texts", async () => {
    const inside = join(folder, "node_modules/windlass-task");
    const { dependencies } = JSON.parse(await readFile(join(inside, "package.json"), "utf8"));
    expect(Object.keys(dependencies)).to.deep.equal(["@pushcorn/hocon-parser", "yaml"]);
    expect((await readdir(inside)).toSorted()).to.deep.equal(["LICENSE", "README.md", "api", "base", "package.json", "task"]);
    expect(await foreignImports(inside)).to.deep.equal(["@pushcorn/hocon-parser", "yaml"]);
  });
});

/** Every package that its code or its types name, other than Node's own. */
async function foreignImports(folder: string): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true })).filter((name) => /\.(js|d\.ts)$/.test(name));
  const texts = await Promise.all(files.map(async (name) => await readFile(join(folder, name), "utf8")));
  const names = texts.flatMap((text) =>
    [...text.matchAll(/(?:from |import\(|import |Extension\(|import\.meta\.url\)\()"([^"./][^"]*)"/g)].map(([, name]) => name ?? ""),
  );
  return [...new Set(names)].filter((name) => !name.startsWith("node:")).toSorted();
}
