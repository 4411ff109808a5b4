import { open, truncate } from "node:fs/promises";
import { formatDuration } from "../base/units.ts";
import { OWN_LINE_MARK, type RunConsole } from "../monitor/console/run-console.ts";
import type { Timings } from "./outcome.ts";
import type { Decided } from "./run-request.ts";

/**
 * The end of every console: how it ended, what can be done, and where the time went. They stand after `consoleBytes`; what an
 * agent that was killed had written of them stays, and the rest is added: the file must not shrink under whoever ships it.
 */
export async function writeLastLines(console: RunConsole, decided: Decided): Promise<void> {
  const { consoleBytes } = decided;
  const size = await console.size();
  const before = await bytesOf(console.path, Math.max(consoleBytes - 1, 0), size);
  const isMidLine = consoleBytes > 0 && before[0] !== LINE_END;
  const wanted = Buffer.from(`${isMidLine ? "\n" : ""}${lastLines(decided)}`);
  const there = before.subarray(Math.min(consoleBytes, 1));
  const isBegun = wanted.subarray(0, there.length).equals(there);
  if (!isBegun) await truncate(console.path, consoleBytes);
  await console.write(isBegun ? wanted.subarray(there.length) : wanted);
}

function lastLines({ outcome, next }: Decided): string {
  const lines = [`${outcome.cause}${outcome.cause === "completed" ? "" : ` (${outcome.phase}): ${outcome.message}`}`];
  if (outcome.hint !== undefined) lines.push(`hint: ${outcome.hint}`);
  if (next !== undefined) lines.push(next);
  lines.push(timingLine(outcome.timings));
  return lines.map((line) => `${OWN_LINE_MARK}${line}\n`).join("");
}

async function bytesOf(path: string, from: number, to: number): Promise<Buffer> {
  if (to <= from) return Buffer.alloc(0);
  await using file = await open(path, "r");
  const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
  return buffer.subarray(0, bytesRead);
}

const LINE_END = 0x0a;

/** `waited 0.2 s · source 0.1 s · environment hit 0.0 s · launch 0.3 s · run 5.2 s`; an environment that failed is neither hit nor built. */
export function timingLine(timings: Timings): string {
  const { environmentHit: hit } = timings;
  const environment = hit === undefined ? "environment" : `environment ${hit ? "hit" : "built"}`;
  const parts: [string, number | undefined][] = [
    ["waited", timings.waitedMs],
    ["source", timings.sourceMs],
    [environment, timings.environmentMs],
    ["launch", timings.launchMs],
    ["run", timings.runMs],
  ];
  return parts.flatMap(([name, ms]) => (ms === undefined ? [] : [`${name} ${formatDuration(ms)}`])).join(" · ");
}
