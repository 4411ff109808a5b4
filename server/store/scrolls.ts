import { randomBytes } from "node:crypto";
import { workerData } from "node:worker_threads";

/**
 * Where scrolls stand, in memory that all store threads share: any reader may be asked for the next step. An id is the
 * number of a slot and a random mark; a slot that went to another scroll no longer has the mark. All is lost with the
 * process, and a scroll then starts anew, as with the official server after its 600 s.
 */
const SLOTS = 16_384;
const LIFETIME_S = 600;
/** A slot: the mark, the position, and when it was last used (seconds since 1970). */
const FIELDS = 3;
/** In the last place the number of the slot that is taken next. */
const NEXT = SLOTS * FIELDS;

export const newScrollMemory = (): SharedArrayBuffer => new SharedArrayBuffer((NEXT + 1) * Int32Array.BYTES_PER_ELEMENT);

const memory = new Int32Array((workerData as { scrolls?: SharedArrayBuffer } | null)?.scrolls ?? newScrollMemory());

export interface Scroll {
  /** How many rows were read so far. */
  readonly position: number;
  /** The scroll's id. */
  moveTo(position: number): string;
}

/** The scroll of that id, or a new one when it is none, is unknown or was not used for 600 s. */
export function openScroll(id: unknown, nowMs: number = Date.now()): Scroll {
  const nowS = Math.trunc(nowMs / 1000);
  const known = slotOf(id, nowS);
  if (known !== undefined) return scrollAt(known, id as string, nowS);
  const slot = Math.abs(Atomics.add(memory, NEXT, 1)) % SLOTS;
  const bytes = randomBytes(16);
  bytes.writeInt32BE(slot, 0);
  const at = slot * FIELDS;
  Atomics.store(memory, at, bytes.readInt32BE(12));
  Atomics.store(memory, at + 1, 0);
  return scrollAt(at, bytes.toString("hex"), nowS);
}

function slotOf(id: unknown, nowS: number): number | undefined {
  if (typeof id !== "string" || !/^[\da-f]{32}$/.test(id)) return undefined;
  const bytes = Buffer.from(id, "hex");
  const slot = bytes.readUInt32BE(0);
  if (slot >= SLOTS) return undefined;
  const at = slot * FIELDS;
  const isMine = Atomics.load(memory, at) === bytes.readInt32BE(12);
  return isMine && nowS - Atomics.load(memory, at + 2) <= LIFETIME_S ? at : undefined;
}

function scrollAt(at: number, id: string, nowS: number): Scroll {
  return {
    position: Atomics.load(memory, at + 1),
    moveTo(position) {
      Atomics.store(memory, at + 1, position);
      Atomics.store(memory, at + 2, nowS);
      return id;
    },
  };
}
