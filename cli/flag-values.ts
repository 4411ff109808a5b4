import { InvalidArgumentError, Option } from "commander";
import type { DaemonFlag } from "../agent/daemon-flags.ts";
import { SLOTS } from "../agent/setting-rules.ts";
import { parseDurationMs } from "../base/units.ts";

/** Readers of flag values for commander, which puts flag and value before their sentence and ends with a usage error. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < min || number > max) throw new InvalidArgumentError(`Write a whole number ${range}.`);
    return number;
  };
}

export const slots = wholeNumber(SLOTS.min, SLOTS.max);
export const port = wholeNumber(0, 65_535);

export function nonEmpty(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It may not be empty.");
  return text;
}

/** `5`, `0.5`, `30s`, `2m`; returns seconds. */
export function seconds(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined || ms === 0) throw new InvalidArgumentError("Write a number of seconds above 0, or a duration like 500ms or 2m.");
  return ms / 1000;
}

/** The same, as it was written. */
export function duration(text: string): string {
  seconds(text);
  return text.trim();
}

function durationMs(text: string): number | undefined {
  try {
    return parseDurationMs(text);
  } catch {
    return undefined;
  }
}

/** A flag of clearml-agent as an option of ours. */
export function daemonOption(flag: DaemonFlag): Option {
  const note = flag.refused !== undefined ? ` (not supported: ${flag.refused})` : flag.ignored === true ? " (no effect)" : "";
  const option = new Option(flag.flags, `${flag.about}${note}`);
  if (flag.value === "seconds") option.argParser(seconds);
  return flag.refused === undefined ? option : option.hideHelp();
}
