import type { Body } from "./endpoint.ts";

/** What stands around a raw answer. */
export interface RawHead {
  readonly headers: Readonly<Record<string, string>>;
  /** The body of the call that gives the next piece, with every field that it needs; undefined: this was the last piece. */
  readonly next?: Body | undefined;
}

/**
 * An answer without the envelope (clearml-api.md 1.4): a handler returns it in the place of the reply's `data`. A long one
 * comes in pieces, each a call of its own, so that no store thread works long and no more than one piece is in memory.
 * What fails in the first piece is refused in the envelope as ever; later the connection is broken off.
 */
export class RawAnswer {
  readonly text: string;
  readonly head: RawHead;

  constructor(text: string, head: RawHead) {
    this.text = text;
    this.head = head;
  }

  /** A piece of a file to be saved. `fileName`: other characters than letters, digits and `._- ` become `_`. */
  static file(text: string, type: string, fileName: string, next?: Body): RawAnswer {
    const name = fileName.replace(/[^\w.\- ]/g, "_");
    return new RawAnswer(text, { headers: { "content-type": type, "content-disposition": `attachment; filename=${name}` }, next });
  }
}
