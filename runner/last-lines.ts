import { open, truncate } from "node:fs/promises";
import { formatDuration } from "../base/units.ts";
import type { RunConsole } from "../monitor/console/run-console.ts";
import type { Timings } from "./outcome.ts";
import type { Decided } from "./run-request.ts";

/**
 * The end of every console: how it ended, what can be done, and where the time went. They stand after `consoleBytes`; what an
 * agent that was killed had written of them is written again, with the same bytes.
 */
export async function writeLastLines(console: RunConsole, { outcome, next, consoleBytes }: Decided): Promise<void> {
  if ((await console.size()) > consoleBytes) await truncate(console.path, consoleBytes);
  const lines = [`${outcome.cause}${outcome.cause === "completed" ? "" : ` (${outcome.phase}): ${outcome.message}`}`];
  if (outcome.hint !== undefined) lines.push(`hint: ${outcome.hint}`);
  if (next !== undefined) lines.push(next);
  lines.push(timingLine(outcome.timings));
  if (await isMidLine(console.path, consoleBytes)) await console.write("\n");
  await console.say(lines.join("\nwindlass: "));
}

/** The program's last line has no end: ours do not belong to it. */
async function isMidLine(path: string, bytes: number): Promise<boolean> {
  if (bytes === 0) return false;
  await using file = await open(path, "r");
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, bytes - 1);
  return buffer[0] !== LINE_END;
}

const LINE_END = 0x0a;

/** `waited 0.2 s · source 0.1 s · environment hit 0.0 s · launch 0.3 s · run 5.2 s`. */
export function timingLine(timings: Timings): string {
  const environment = timings.environmentMs === undefined ? undefined : `environment ${timings.environmentHit === true ? "hit" : "built"}`;
  const parts: [string | undefined, number | undefined][] = [
    ["waited", timings.waitedMs],
    ["source", timings.sourceMs],
    [environment, timings.environmentMs],
    ["launch", timings.launchMs],
    ["run", timings.runMs],
  ];
  return parts.flatMap(([name, ms]) => (name === undefined || ms === undefined ? [] : [`${name} ${formatDuration(ms)}`])).join(" · ");
}
