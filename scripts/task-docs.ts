import { glob, readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import Mocha from "mocha";

/**
 * Writes the table of docs/task.md: each member of the official class with its form here and the tests that show it. A test shows the
 * members that its title begins with (`setName and setComment change …`); the title of its `describe` counts, too. With `--check`:
 * exits with 1 when the table is not what would be written.
 */
const ROOT = resolve(import.meta.dirname, "..");
const PATH = resolve(ROOT, "docs/task.md");
const MARK = "<!-- members: written by npm run task-docs -->\n";

interface Row {
  readonly python: string;
  readonly form: string;
  /** What tests call it. */
  readonly name: string;
}

/** `python | TypeScript form`, a line each, in the order of the official page. */
const MEMBERS = resolve(import.meta.dirname, "task-members.txt");

async function rows(): Promise<Row[]> {
  const lines = (await readFile(MEMBERS, "utf8")).trim().split("\n");
  return lines.map((line) => {
    const [python = "", form = ""] = line.split(" | ");
    return { python, form, name: /^(?:Task\.)?(\w+)/.exec(form)?.[1] ?? "" };
  });
}

async function shownBy(): Promise<Map<string, string[]>> {
  const mocha = new Mocha();
  const files = await Array.fromAsync(glob("test/task/**/*.test.ts", { cwd: ROOT }));
  for (const file of files.toSorted()) mocha.addFile(resolve(ROOT, file));
  await mocha.loadFilesAsync();
  const shown = new Map<string, string[]>();
  collect(mocha.suite, [], shown);
  return shown;
}

function collect(suite: Mocha.Suite, outer: readonly string[], shown: Map<string, string[]>): void {
  const own = [...outer, ...namesIn(suite.title)];
  for (const { title } of suite.tests)
    for (const name of new Set([...own, ...namesIn(title)])) shown.set(name, [...(shown.get(name) ?? []), title]);
  for (const inner of suite.suites) collect(inner, own, shown);
}

/** The words at the beginning of a title that commas and `and` join. */
function namesIn(title: string): string[] {
  const names = /^(?:Task\.)?\w+(?:(?:, | and |, and )(?:Task\.)?\w+)*/.exec(title)?.[0] ?? "";
  return names.split(/, and |, | and /).map((name) => name.replace(/^Task\./, ""));
}

const [members, shown] = [await rows(), await shownBy()];
const table = members.map(
  ({ python, form, name }) =>
    `| \`${python}\` | \`${form}\` | ${(shown.get(name) ?? []).join("; ").replaceAll("|", "\\|") || "not yet"} |\n`,
);
const [head = ""] = (await readFile(PATH, "utf8")).split(MARK);
const text = `${head}${MARK}\n| official | here | shown by |\n| --- | --- | --- |\n${table.join("")}`;
if (!process.argv.includes("--check")) await writeFile(PATH, text);
else if ((await readFile(PATH, "utf8")) !== text) {
  console.error("docs/task.md is not up to date: run npm run task-docs");
  process.exitCode = 1;
}
