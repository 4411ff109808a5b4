import type { Client } from "../agent/client.ts";
import type { LogEvent } from "../api/wire/event.ts";
import type { TaskId } from "../api/wire/ids.ts";

const PAGE = 1000;

/** The events that hold the last `lines` lines of a console; the first one is cut to what belongs to them. */
export async function lastEvents(client: Client, task: TaskId, lines: number): Promise<LogEvent[]> {
  let found: LogEvent[] = [];
  for (let before: number | undefined; ; before = found[0]?.timestamp) {
    const page = { newestFirst: true, batchSize: PAGE, ...(before === undefined ? {} : { fromTimestampMs: before }) };
    const { events } = await client.events.log(task, page);
    found = [...events, ...found];
    const tail = lastLines(found, lines);
    if (tail !== undefined) return tail;
    if (events.length === 0) return found;
  }
}

/** Undefined: there are fewer lines than that. */
export function lastLines(events: readonly LogEvent[], lines: number): LogEvent[] | undefined {
  if (lines === 0) return [];
  let left = lines + (events.at(-1)?.msg.endsWith("\n") === true ? 1 : 0);
  for (const [at, event] of [...events.entries()].toReversed()) {
    const { msg } = event;
    for (let lf = msg.lastIndexOf("\n"); lf >= 0; lf = lf === 0 ? -1 : msg.lastIndexOf("\n", lf - 1)) {
      if (--left > 0) continue;
      return [{ ...event, msg: msg.slice(lf + 1) }, ...events.slice(at + 1)].filter((one) => one.msg !== "");
    }
  }
  return undefined;
}
