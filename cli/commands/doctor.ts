import type { CheckResult } from "../../agent/doctor/check.ts";
import { runDoctor } from "../../agent/doctor/doctor.ts";
import { type AgentFlagsGiven, agentFlags } from "../agent-flags.ts";
import { styleOut } from "../style.ts";

const SHOWN: Readonly<Record<CheckResult["status"], string>> = {
  ok: styleOut("green", "OK  "),
  warn: styleOut("yellow", "WARN"),
  fail: styleOut("red", "FAIL"),
  skipped: styleOut("dim", "skipped"),
};

const LINGER_MS = 1_000;

/** One line each, as they come; the cure of what is not well below it. Exit code 1 when something failed. */
export async function doctorCommand(flags: AgentFlagsGiven & { json?: boolean }): Promise<number> {
  const tell = flags.json === true ? () => undefined : (result: CheckResult) => void process.stdout.write(lineOf(result));
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
  const results = await runDoctor(agentFlags(flags), process.env, { tell, signal: stop.signal });
  const failed = results.filter((result) => result.status === "fail");
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ ok: failed.length === 0, checks: results }, null, 2)}\n`);
  else if (failed.length > 0) process.stdout.write(`\n${failed.length} failed: ${failed.map((result) => result.id).join(", ")}\n`);
  // Who hangs was told of; it does not hold the command.
  setTimeout(() => process.exit(), LINGER_MS).unref();
  return failed.length === 0 ? 0 : 1;
}

function lineOf({ status, id, detail, cure }: CheckResult): string {
  return `${SHOWN[status]} ${id}: ${detail}\n${cure === undefined ? "" : `     → ${cure}\n`}`;
}
