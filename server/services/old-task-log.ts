import { requiredText, textOf } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { type Owner, requireOwner } from "./event-owners.ts";
import { logEvent } from "./event-rows.ts";
import { decodedScroll, ENDED, encodedScroll } from "./event-scrolls.ts";
import { sizeOf } from "./page-size.ts";
import { type LogPlace, logsAfter, logTotal } from "./task-log.ts";

/**
 * `events.get_task_log` below version 2.9 (clearml-tasks-events.md 9): pages by a scroll id. `from` (since 1.7) chooses the end to
 * read from, `order` that of the list; below 1.7 the list is read from where it begins.
 */
export function getOldTaskLog(call: Call, body: Body): object {
  const owner = requireOwner(call, requiredText(body, "task"), {});
  const scrollId = textOf(body, "scroll_id");
  if (scrollId === ENDED) return { events: [], returned: 0, total: 0, scroll_id: null };
  const order = textOf(body, "order") ?? "desc";
  const earlier = call.version >= 1.7 ? textOf(body, "from") === "tail" : order === "desc";
  const rows = logsAfter(call, owner.seq, placeOf(scrollId), earlier, sizeOf(body, 500));
  const last = rows.at(-1);
  if ((order === "desc") !== earlier) rows.reverse();
  const next = last === undefined ? ENDED : encodedScroll([last.timestamp, last.seq]);
  return { events: rows.map((row) => logEvent(owner.id, row)), returned: rows.length, total: totalOf(call, owner), scroll_id: next };
}

const totalOf = (call: Call, owner: Owner): number => logTotal(call, owner, undefined);

function placeOf(scrollId: string | undefined): LogPlace | undefined {
  if (scrollId === undefined || scrollId === "") return undefined;
  return decodedScroll(
    scrollId,
    (value): value is [number, number] => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite),
  );
}
