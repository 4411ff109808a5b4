import type { Caller } from "../endpoint.ts";

/** What the HTTP thread asks a store thread. */
export interface StoreRequest {
  readonly id: number;
  readonly endpoint: string;
  readonly caller: Caller;
  readonly worker: string;
  readonly version: number;
  /** The JSON body, still as bytes: parsing happens in the store thread. Undefined: no body. */
  readonly bytes: Uint8Array | undefined;
  /** The body is json-lines. */
  readonly lines: boolean;
  /** Query and form fields, merged over the body. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** The answer; `json` is the reply's `data`, ready to be written into the envelope. */
export interface StoreReply {
  readonly id: number;
  readonly json?: string;
  readonly error?: { readonly code: number; readonly subcode: number; readonly message: string };
  readonly queues: readonly string[];
  readonly tasks: readonly string[];
}

export interface StoreThreadOptions {
  readonly path: string;
  readonly mode: "read" | "write";
}
