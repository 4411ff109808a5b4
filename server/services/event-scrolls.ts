import { HOUR_MS } from "../../base/clock.ts";
import { newId } from "../../base/ids.ts";
import { ApiFault } from "../api-fault.ts";
import { type Call, type Endpoint, write } from "../endpoint.ts";

/** Where a reader of events stands: in the id itself, or, where a reply changes it, kept by the server for an hour. */
export const ENDED = "FFFF";
const LIFE_MS = HOUR_MS;

export const encodedScroll = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString("base64url");

/** Throws 400/1104 for what no page gave. */
export function decodedScroll<T>(id: string, isPlace: (value: unknown) => value is T): T {
  try {
    const place: unknown = JSON.parse(Buffer.from(id, "base64url").toString());
    if (isPlace(place)) return place;
  } catch {
    // The refusal below says it.
  }
  throw invalidScroll({ scroll_id: id });
}

export function invalidScroll(details: Readonly<Record<string, unknown>>, extra = ""): ApiFault {
  return new ApiFault(400, 1104, `Invalid scroll id${extra}`, details);
}

export interface KeptScroll<T> {
  readonly id: string;
  /** Undefined: the id is unknown or too old. */
  readonly state: T | undefined;
}

/** The state behind an id of this kind; an unknown one begins anew under a new id. */
export function keptScroll<T>(call: Call, id: string | undefined, kind: string): KeptScroll<T> {
  const row = id === undefined ? undefined : stateOf(call, id);
  const kept = row === undefined ? undefined : (JSON.parse(row) as { kind: string; state: T });
  return id === undefined || kept === undefined || kept.kind !== kind ? { id: newId(), state: undefined } : { id, state: kept.state };
}

function stateOf(call: Call, id: string): string | undefined {
  return call.db.get<{ state: string }>("SELECT state FROM event_scrolls WHERE id = ? AND expires > ?", id, call.nowMs)?.state;
}

/** Keeps the state before the reply goes out; readers do not write, so the writer is told what to do. */
export function keepScroll(call: Call, id: string, kind: string, state: unknown): void {
  call.effects.followUp = { endpoint: "internal.keep_scroll", body: { id, state: JSON.stringify({ kind, state }) } };
}

export const SCROLL_ENDPOINTS: readonly Endpoint[] = [
  write("internal.keep_scroll", ({ db, nowMs }, body) => {
    db.run("DELETE FROM event_scrolls WHERE id IN (SELECT id FROM event_scrolls WHERE expires < ? LIMIT 100)", nowMs);
    const values = [String(body["id"]), String(body["state"]), nowMs + LIFE_MS];
    db.run("INSERT OR REPLACE INTO event_scrolls (id, state, expires) VALUES (?, ?, ?)", ...values);
    return {};
  }),
];
