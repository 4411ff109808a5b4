import { ApiFault } from "../api-fault.ts";
import { requiredText } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import { RawAnswer } from "../raw-answer.ts";
import type { Document } from "../store/documents.ts";
import { requireOwner } from "./event-owners.ts";
import { logEvent } from "./event-rows.ts";
import { decodedScroll, encodedScroll } from "./event-scrolls.ts";
import { formatted, type Piece, parseFormat } from "./line-format.ts";
import { type LogPlace, logsAfter } from "./task-log.ts";

/** `events.download_task_log`: the whole console as a file, oldest line first (clearml-tasks-events.md 9). */
const LINES_IN_PIECE = 5000;
const DEFAULT_FORMAT = "{asctime} {worker} {level} {msg}";

export function downloadTaskLog(call: Call, body: Body): object {
  const owner = requireOwner(call, requiredText(body, "task"), {});
  const format = formatIn(body);
  const rows = logsAfter(call, owner.seq, placeIn(body), false, LINES_IN_PIECE);
  const lines = rows.map((row) => lineOf(logEvent(owner.id, row), format)).join("");
  const last = rows.length < LINES_IN_PIECE ? undefined : rows.at(-1);
  const next = last && { ...body, after: encodedScroll([last.timestamp, last.seq]) };
  return RawAnswer.file(lines, "text/plain; charset=utf-8", `task_${owner.id}.log`, next);
}

/** Undefined: each line is the event as JSON. */
function formatIn(body: Body): readonly Piece[] | undefined {
  if (String(body["line_type"] ?? "json").toLowerCase() === "json") return undefined;
  const format = String(body["line_format"] ?? DEFAULT_FORMAT);
  if (format === "") throw new ApiFault(400, 11, "Missing required fields (line_format is empty)", { fields: ["line_format"] });
  return parseFormat(`${format.replace(/\n+$/, "")}\n`);
}

function placeIn(body: Body): LogPlace | undefined {
  if (typeof body["after"] !== "string") return undefined;
  return decodedScroll(body["after"], (value): value is [number, number] => Array.isArray(value) && value.every(Number.isFinite));
}

function lineOf(event: Document, format: readonly Piece[] | undefined): string {
  const { type: _type, task: _task, timestamp: asctime, ...rest } = event;
  if (format !== undefined) return formatted(format, { ...rest, asctime });
  return `${JSON.stringify({ asctime, ...rest })}\n`;
}
