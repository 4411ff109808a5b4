import type { LogEvent } from "../event-sink.ts";
import { halvesOf, linesIn } from "./refused-lines.ts";

/** So often parts of one event may be refused: who refuses a line here and there is met exactly, who refuses most is not asked line by line. */
const MOST_REFUSALS = 64;
/** So often while nothing of it was taken: enough to find one line among all that an event can hold. */
const BARREN_REFUSALS = 17;

/**
 * Sends what the server takes of an event that it refuses as a whole: the lines around the refused ones, in order and of the
 * same moment. `there`: what the server has of this moment already, since an earlier agent began with it. `send` answers false
 * where the server refuses. Returns how many lines it does not take.
 */
export async function sendParts(event: string, there: readonly LogEvent[], send: (part: string) => Promise<boolean>): Promise<number> {
  const { timestamp } = JSON.parse(event) as LogEvent;
  const messages = there.filter((one) => one.timestamp === timestamp).map(({ msg }) => msg);
  // Each once: parts may read the same.
  const isThere = (part: string): boolean => {
    const at = messages.indexOf((JSON.parse(part) as LogEvent).msg);
    if (at >= 0) messages.splice(at, 1);
    return at >= 0;
  };
  let [refusals, taken] = [0, 0];
  const isOver = (): boolean => refusals >= (taken === 0 ? BARREN_REFUSALS : MOST_REFUSALS);
  const refusedIn = async (refused: string): Promise<number> => {
    const halves = isOver() ? [] : halvesOf(refused);
    if (halves.length === 0) return linesIn(refused);
    let lines = 0;
    for (const half of halves) {
      if (isThere(half) || (await send(half))) taken++;
      else {
        refusals++;
        lines += await refusedIn(half);
      }
    }
    return lines;
  };
  return await refusedIn(event);
}
