import type { Caller, FollowUp } from "../endpoint.ts";
import type { RawHead } from "../raw-answer.ts";

/** What the HTTP thread asks a store thread. */
export interface StoreRequest {
  readonly id: number;
  readonly endpoint: string;
  readonly caller: Caller;
  readonly worker: string;
  /** The address of the client, as its proxy tells it. */
  readonly ip: string;
  readonly version: number;
  /** The JSON body, still as bytes: parsing happens in the store thread. Undefined: no body. */
  readonly bytes: Uint8Array | undefined;
  /** The body is json-lines. */
  readonly lines: boolean;
  /** Query and form fields, merged over the body. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** The answer: `json` is the reply's `data`, ready to be written into the envelope, or with `raw` the text itself. What was refused has no other fields. */
export type StoreReply =
  | {
      readonly kind: "answer";
      readonly id: number;
      readonly json: string;
      readonly raw?: RawHead | undefined;
      readonly queues: readonly string[];
      readonly tasks: readonly string[];
      readonly followUp?: FollowUp | undefined;
    }
  | {
      readonly kind: "refusal";
      readonly id: number;
      readonly code: number;
      readonly subcode: number;
      readonly message: string;
      /** What was written before the refusal stays. */
      readonly settled?: boolean;
      /** Of an exception that nobody meant: for the log, not for the caller. */
      readonly stack?: string | undefined;
    };

/** What a store thread says; `unusable` is the last of one that could not open the file. */
export type ThreadMessage =
  | StoreReply
  | { readonly kind: "ready" }
  | { readonly kind: "unusable"; readonly code: string | undefined; readonly message: string };

export interface StoreThreadOptions {
  readonly path: string;
  readonly mode: "read" | "write";
  /** Where scrolls stand; the same for all threads of a store (scrolls.ts). */
  readonly scrolls?: SharedArrayBuffer;
}
