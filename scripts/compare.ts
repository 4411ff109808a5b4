import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { Comparison, MEASURE, type Outcome } from "../test/compare/comparison.ts";
import { EXAMPLES, type Example } from "../test/compare/examples.ts";
import { pageOf, tableOf } from "../test/compare/page.ts";
import { WORKERS, type WorkerName } from "../test/compare/workers.ts";
import { dockerAnswers } from "../test/support/docker.ts";
import { commitNow } from "./commit-now.ts";

/**
 * `npm run compare`: runs programs of the official SDK as tasks by our agent and by clearml-agent, as processes and in
 * containers, and compares what the server has of them afterwards. The exit code is 1 when something is wrong.
 */
const flags = new Command("npm run compare --")
  .option("--only <NAME...>", `programs: ${EXAMPLES.map(({ name }) => name).join(", ")}`)
  .option("--worker <NAME...>", `workers beside "${MEASURE}": ${WORKERS.filter((name) => name !== MEASURE).join("; ")}`)
  .option("--write <FILE>", "also write the result to this page")
  .parse()
  .opts<{ only?: string[]; worker?: string[]; write?: string }>();

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const examples = EXAMPLES.filter(({ name }) => flags.only?.includes(name) ?? true);
const workers = wantedWorkers();
await using comparison = await Comparison.start();
for (const worker of workers) await comparison.begin(worker, examples);
const outcomes: Outcome[] = [];
for (const worker of workers) for (const example of examples) outcomes.push(await shown(worker, example));
const head = { date: new Date().toISOString().slice(0, 10), commit: commitNow(flags.write) };
say(`\n${tableOf(outcomes)}`);
if (flags.write !== undefined) await writeFile(flags.write, pageOf(outcomes, head));

async function shown(worker: WorkerName, example: Example): Promise<Outcome> {
  const outcome = await comparison.outcome(worker, example);
  say(`${worker}: ${example.name} ${outcome.status}${outcome.faults.length === 0 ? "" : ", FAULTS"}`);
  for (const fault of outcome.faults) say(`  - ${fault}`);
  if (outcome.faults.length > 0) process.exitCode = 1;
  return outcome;
}

function wantedWorkers(): WorkerName[] {
  const docker = dockerAnswers();
  if (!docker) say("no Docker engine answers: only processes are compared");
  const wanted = (name: WorkerName): boolean => name === MEASURE || (flags.worker?.includes(name) ?? true);
  return WORKERS.filter((name) => wanted(name) && (docker || !name.endsWith("docker")));
}
