import { OWN_LINE_MARK } from "../../monitor/console/run-console.ts";
import { lineOf } from "./programs.ts";

/** The agent says this right before it starts the program: what stands above it is its own, or of a build. */
const STARTING = `${OWN_LINE_MARK}starting `;

/**
 * What is wrong with a console on the server that must hold the program's numbered lines once and in order, between the
 * agent's own. `lines` undefined: any number of them, from 0 without a gap (the program was ended). An agent that crashed
 * before the program started begins anew and says so: what counts comes after its last beginning.
 */
export function consoleFaults(text: string, lines: number | undefined): string[] {
  const all = text.split("\n").filter((line) => line !== "");
  const start = all.findLastIndex((line) => line.startsWith(STARTING));
  const isOwn = (line: string): boolean => line.startsWith(OWN_LINE_MARK);
  const own = all.slice(start + 1).filter(isOwn);
  const stray = all.findIndex((line, at) => at > start && !isOwn(line) && !/^line \d{6}$/.test(line));
  const printed = all.slice(start + 1).filter((line) => !isOwn(line));
  const early = all.slice(0, start + 1).find((line) => /^line \d/.test(line));
  const twice = own.find((line, at) => own.indexOf(line) !== at);
  return [
    ...(stray < 0 ? [] : [`a stray line: ${JSON.stringify(all.slice(Math.max(stray - 3, 0), stray + 3))}`]),
    ...orderFaults(printed, lines),
    ...(early === undefined ? [] : [`"${early}" stands before the program's last start`]),
    ...(twice === undefined ? [] : [`the agent's own line "${twice}" stands there twice`]),
  ];
}

function orderFaults(printed: readonly string[], lines: number | undefined): string[] {
  const wrong = printed.findIndex((line, n) => line !== lineOf(n));
  if (wrong >= 0) return [`"${lineOf(wrong)}" was due, "${printed[wrong]}" stands there`];
  return lines === undefined || printed.length === lines ? [] : [`${printed.length} lines instead of ${lines}`];
}
