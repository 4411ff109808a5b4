import { OWN_LINE_MARK } from "../../monitor/console/run-console.ts";
import { lineOf } from "./programs.ts";

/** An agent that crashed twice before a program started says this twice. */
const BEGUN_AGAIN = "the run begins again";

/**
 * What is wrong with a console on the server that must hold the program's numbered lines once and in order, between the
 * agent's own. `lines` undefined: any number of them, from 0 without a gap (the program was ended).
 */
export function consoleFaults(text: string, lines: number | undefined): string[] {
  const faults: string[] = [];
  const printed: string[] = [];
  const own: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith(OWN_LINE_MARK)) own.push(line);
    else if (line !== "") printed.push(line);
  }
  const wrong = printed.findIndex((line, n) => line !== lineOf(n));
  if (wrong >= 0) faults.push(`"${lineOf(wrong)}" was due, "${printed[wrong]}" stands there`);
  else if (lines !== undefined && printed.length !== lines) faults.push(`${printed.length} lines instead of ${lines}`);
  const twice = own.find((line, at) => own.indexOf(line) !== at && !line.includes(BEGUN_AGAIN));
  if (twice !== undefined) faults.push(`the agent's own line "${twice}" stands there twice`);
  return faults;
}
