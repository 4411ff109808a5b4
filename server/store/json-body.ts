import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import type { Body } from "../endpoint.ts";
import type { StoreRequest } from "./messages.ts";

/**
 * Request bodies (clearml-api.md 1.2). Python may write bare NaN and Infinity into JSON: outside of texts they are read as a
 * number that nothing holds, which is stored as null and refused as the value of a scalar (clearml-tasks-events.md 8).
 */
const TEXT_OR_BARE_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:NaN|Infinity)/gs;
const BEYOND_ALL_NUMBERS = "1e999";
const decoder = new TextDecoder();

export function bodyOf(request: Pick<StoreRequest, "bytes" | "extra">): Body {
  const text = request.bytes === undefined ? "" : decoder.decode(request.bytes).trim();
  const parsed = text === "" ? {} : parse(text);
  if (!isMap(parsed)) throw new ApiFault(400, 12, "Validation error (request body must be a JSON object)");
  return { ...parsed, ...request.extra };
}

/** One object per line; a plain JSON body is a batch of one. */
export function linesOf(request: StoreRequest): Body[] {
  if (!request.lines) return [bodyOf(request)];
  const text = request.bytes === undefined ? "" : decoder.decode(request.bytes);
  const objects: Body[] = [];
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf("\n", from);
    const line = text.slice(from, end < 0 ? text.length : end).trim();
    from = end < 0 ? text.length : end + 1;
    if (line === "") continue;
    const parsed = parse(line);
    if (!isMap(parsed)) throw new ApiFault(400, 0, "json lines must contain objects");
    objects.push(parsed);
  }
  return objects;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return parseLeniently(text);
  }
}

function parseLeniently(text: string): unknown {
  try {
    return JSON.parse(text.replace(TEXT_OR_BARE_NUMBER, (part) => (part.startsWith('"') ? part : BEYOND_ALL_NUMBERS)));
  } catch {
    throw new ApiFault(400, 0, "Failed to decode JSON object");
  }
}
