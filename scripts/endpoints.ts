import { glob, readFile, writeFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import Mocha from "mocha";
import { OFFICIAL } from "../server/contract/official.ts";
import { isServed } from "../server/served.ts";

/**
 * Writes docs/endpoints.md: each official endpoint with the tests that show it. A test shows an endpoint when it stands in a
 * `describe("service.action")` of test/server/. With `--check`: exits with 1 when the file is not what would be written.
 */
const ROOT = resolve(import.meta.dirname, "..");
const PATH = resolve(ROOT, "docs/endpoints.md");

const HEAD = `# Endpoints

What the embedded server answers of the official server's API (2.34), one line for each of its endpoints: since which version
the endpoint is in the official list, and the tests that show what it does (\`test/server/\`). Made by \`npm run endpoints\`;
\`npm run check\` fails when it is not up to date.

| endpoint | since | shown by |
| --- | --- | --- |
`;

/** Titles by endpoint, in the order of files and lines; nothing runs. */
async function shownBy(): Promise<Map<string, string[]>> {
  const mocha = new Mocha();
  const files = await Array.fromAsync(glob("test/server/**/*.test.ts", { cwd: ROOT }));
  for (const file of files.toSorted()) mocha.addFile(resolve(ROOT, file));
  await mocha.loadFilesAsync();
  const titles = new Map<string, string[]>();
  collect(mocha.suite, undefined, titles);
  return titles;
}

function collect(suite: Mocha.Suite, endpoint: string | undefined, titles: Map<string, string[]>): void {
  const shown = suite.title in OFFICIAL.endpoints ? suite.title : endpoint;
  if (shown !== undefined) titles.set(shown, [...(titles.get(shown) ?? []), ...suite.tests.map((test) => test.title)]);
  for (const inner of suite.suites) collect(inner, shown, titles);
}

function lineOf(name: string, titles: readonly string[] = []): string {
  const since = Object.keys(OFFICIAL.endpoints[name] ?? {})[0] ?? "";
  const shown = titles.map((title) => title.replaceAll("|", "\\|")).join("; ");
  return `| \`${name}\` | ${since} | ${isServed(name) ? shown || "missing" : "not served"} |\n`;
}

const titles = await shownBy();
const text =
  HEAD +
  Object.keys(OFFICIAL.endpoints)
    .map((name) => lineOf(name, titles.get(name)))
    .join("");
if (!process.argv.includes("--check")) await writeFile(PATH, text);
else if ((await readFile(PATH, "utf8").catch(() => "")) !== text) {
  console.error(`${relative(ROOT, PATH)} is not up to date: run npm run endpoints`);
  process.exitCode = 1;
}
