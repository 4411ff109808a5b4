import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { untilRoom } from "../../base/disk-reserve.ts";

/** A batch that is on its way: enough to build exactly the same requests again after a crash. */
export interface BatchRecord {
  /** Byte range of the spool, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  /** Milliseconds of the first event; each further event has the next one. */
  readonly firstTimestampMs: number;
  readonly events: number;
  /** When it was last sent, if not right after it was recorded: until ten seconds later it may still land. Milliseconds. */
  readonly triedAtMs?: number;
  /** The range ends with an open `\r` line, whose newest state is sent. */
  readonly final: boolean;
}

export interface CursorState {
  /** Everything before this byte is acknowledged or superseded. */
  readonly offset: number;
  readonly lastTimestampMs: number;
  /** In order; at most two: one in flight and the one that follows. */
  readonly batches: readonly BatchRecord[];
}

const SLOT_BYTES = 512;
const EMPTY: CursorState = { offset: 0, lastTimestampMs: 0, batches: [] };

/**
 * Where the shipping of a spool stands, on disk. Two slots are written in turn, each with a number and a checksum, so that
 * a torn write loses nothing: the valid slot with the higher number counts. One `fdatasync` a state.
 */
export class SpoolCursor {
  readonly #file: FileHandle;
  #number: number;
  #state: CursorState;

  private constructor(file: FileHandle, number: number, state: CursorState) {
    this.#file = file;
    this.#number = number;
    this.#state = state;
  }

  static async open(path: string): Promise<SpoolCursor> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const buffer = Buffer.alloc(2 * SLOT_BYTES);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    // Both slots take their room now: a disk that fills up later does not stop the cursor.
    if (bytesRead < buffer.length) await file.write(Buffer.alloc(buffer.length - bytesRead, 0x20), 0, buffer.length - bytesRead, bytesRead);
    const slots = [readSlot(buffer.subarray(0, SLOT_BYTES)), readSlot(buffer.subarray(SLOT_BYTES))].filter((slot) => slot !== undefined);
    const newest = slots.toSorted((a, b) => b.number - a.number)[0];
    return new SpoolCursor(file, newest?.number ?? 0, newest?.state ?? EMPTY);
  }

  get state(): CursorState {
    return this.#state;
  }

  /** Returns once the state is on disk. */
  async save(state: CursorState): Promise<void> {
    this.#state = state;
    this.#number++;
    const slot = writeSlot(this.#number, state);
    // Where writing in place needs room (file systems that copy on write), a full disk is waited out.
    await untilRoom(async () => {
      await this.#file.write(slot, 0, SLOT_BYTES, (this.#number % 2) * SLOT_BYTES);
      await this.#file.datasync();
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function writeSlot(number: number, state: CursorState): Buffer {
  const json = JSON.stringify({ number, state });
  const text = `${checksum(json)} ${json}`;
  if (Buffer.byteLength(text) > SLOT_BYTES) throw new Error("cursor state does not fit its slot");
  return Buffer.concat([Buffer.from(text), Buffer.alloc(SLOT_BYTES - Buffer.byteLength(text), 0x20)]);
}

function readSlot(slot: Buffer): { number: number; state: CursorState } | undefined {
  const text = slot.toString("utf8").trim();
  const [sum = "", ...rest] = text.split(" ");
  const json = rest.join(" ");
  return json !== "" && sum === checksum(json) ? (JSON.parse(json) as { number: number; state: CursorState }) : undefined;
}

const checksum = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
