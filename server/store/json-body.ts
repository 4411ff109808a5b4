import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import type { Body } from "../endpoint.ts";
import type { StoreRequest } from "./messages.ts";

/** Request bodies (clearml-api.md 1.2). Python may write bare NaN and Infinity into JSON: they are read as null, outside of texts. */
const TEXT_OR_BARE_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:NaN|Infinity)/gs;
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
    if (!isMap(parsed)) throw new ApiFault(400, 18, "Batch validation error (each line must be an object)");
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
    return JSON.parse(text.replace(TEXT_OR_BARE_NUMBER, (part) => (part.startsWith('"') ? part : "null")));
  } catch {
    throw new ApiFault(400, 12, "Validation error (request body is not valid JSON)");
  }
}
