import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { readIfThere } from "../base/files.ts";
import { CATALOGUE, type Choice } from "../test/chaos/catalogue.ts";
import { pageOf, type Row, rowOf, rowsIn, tableOf, withRow } from "../test/chaos/report.ts";
import { countsAsText, type EngineName, type Result } from "../test/chaos/result.ts";
import { dockerAnswers } from "../test/support/docker.ts";
import { commitNow } from "./commit-now.ts";

/**
 * `npm run chaos`: lets agents and servers crash, hang and lose answers, and looks from outside whether anything was
 * lost, doubled or left. The exit code is 1 when it was.
 */
const flags = new Command("npm run chaos --")
  .option("--seed <NUMBER>", "where everything random comes from", String(Date.now() % 1_000_000))
  .option("--only <NAME...>", `scenarios: ${Object.keys(CATALOGUE).join(", ")}`)
  .option("--engine <ENGINE>", "only process, or only docker")
  .option("--short", "small numbers, as in npm test")
  .option("--write <FILE>", "also write each result into the table of this page")
  .parse()
  .opts<{ seed: string; only?: string[]; engine?: EngineName; short?: true; write?: string }>();

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const wanted = flags.only ?? Object.keys(CATALOGUE);
const unknown = wanted.find((name) => CATALOGUE[name] === undefined);
if (unknown !== undefined) throw new Error(`there is no scenario "${unknown}"`);
const choice: Choice = { form: flags.short === true ? "short" : "full", seed: Number(flags.seed), engines: engines() };
const head = { date: new Date().toISOString().slice(0, 10), commit: commitNow(flags.write) };
const rows: Row[] = [];
for (const name of wanted) for (const scenario of CATALOGUE[name]?.(choice) ?? []) await keep(await shown(name, scenario));
say(`\n${tableOf(rows)}`);

async function keep(result: Result): Promise<void> {
  const row = rowOf(result, head);
  rows.push(row);
  if (result.faults.length > 0) process.exitCode = 1;
  if (flags.write === undefined) return;
  const before = rowsIn((await readIfThere(flags.write)) ?? "");
  await writeFile(flags.write, pageOf(withRow(before, row), commandLine()));
}

async function shown(name: string, scenario: () => Promise<Result>): Promise<Result> {
  say(`${name} (seed ${choice.seed}) …`);
  const result = await scenario();
  say(
    `${name}, ${result.engine}: ${countsAsText(result.counts)} in ${result.seconds} s: ${result.faults.length === 0 ? "passed" : "FAILED"}`,
  );
  for (const fault of result.faults) say(`  - ${fault}`);
  return result;
}

function engines(): EngineName[] {
  if (flags.engine !== undefined) return [flags.engine];
  if (dockerAnswers()) return ["process", "docker"];
  say("no Docker engine answers: only processes are tried");
  return ["process"];
}

function commandLine(): string {
  return `npm run chaos${choice.form === "short" ? " -- --short" : ""}`;
}
