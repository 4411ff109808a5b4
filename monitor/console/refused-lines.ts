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

/**
 * What may stand in the place of an event that the server refuses: the same moment, and a line of our own with the server's
 * words; without them where they are refused, too, since they may quote what it does not want.
 */
export function marksFor(event: string, error: unknown): string[] {
  const count = linesIn(event);
  const { reason = messageOf(error) } = error as CallFailure;
  const what = `${OWN_LINE_MARK}${count} ${count === 1 ? "console line was" : "console lines were"} refused by the server`;
  const words = reason.replace(/\s+/g, " ").slice(0, LONGEST_REASON);
  return [`${what}: ${words}\n`, `${what}\n`].map((msg) => JSON.stringify({ ...(JSON.parse(event) as LogEvent), msg }));
}

/** Whether an event of the server is such a line. */
export const isMark = ({ msg }: LogEvent): boolean => MARK.test(msg);
