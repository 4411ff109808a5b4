import { messageOf } from "../../base/errors.ts";
import type { LogEvent } from "../event-sink.ts";
import type { CallFailure } from "./call-failure.ts";
import { OWN_LINE_MARK } from "./run-console.ts";

const LONGEST_REASON = 200;
const MARK = new RegExp(`^${OWN_LINE_MARK}\\d+ console lines? (was|were) refused by the server`);

/** How many lines of the console an encoded event shows. */
export function linesIn(event: string): number {
  const { msg } = JSON.parse(event) as LogEvent;
  return msg.split("\n").length - (msg.endsWith("\n") ? 1 : 0);
}

/** The event in two, cut at a line's end, both of the same moment; none where it shows one line only. */
export function halvesOf(event: string): string[] {
  const whole = JSON.parse(event) as LogEvent;
  const lines = whole.msg.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  if (lines.length < 2) return [];
  const middle = Math.ceil(lines.length / 2);
  return [lines.slice(0, middle), lines.slice(middle)].map((half) => JSON.stringify({ ...whole, msg: half.join("") }));
}

/**
 * What may stand in the place of `count` lines of an event that the server refuses: the same moment, and a line of our own with
 * the server's words; without them where they are refused, too, since they may quote what it does not want. It comes after what
 * the server takes of the event, which is whole with it.
 */
export function marksFor(event: string, count: number, error: unknown): string[] {
  const { reason = messageOf(error) } = error as CallFailure;
  const what = `${OWN_LINE_MARK}${count} ${count === 1 ? "console line was" : "console lines were"} refused by the server`;
  const words = reason.replace(/\s+/g, " ").slice(0, LONGEST_REASON);
  return [`${what}: ${words}\n`, `${what}\n`].map((msg) => JSON.stringify({ ...(JSON.parse(event) as LogEvent), msg }));
}

/** Whether an event of the server is such a line. */
export const isMark = ({ msg }: LogEvent): boolean => MARK.test(msg);
