import type { CallOptions } from "../../api/session.ts";
import type { Hosts } from "./hosts.ts";

/** One call of the server's API that has still to be made; plain data, so that it can be handed to another thread or written down. */
export interface Call {
  readonly endpoint: string;
  readonly body: object;
}

/** What a program still had to say when it ended without waiting. */
export interface LastWords {
  /** Made first, in this order. */
  readonly calls: readonly Call[];
  /** Events, one JSON object each. */
  readonly lines: readonly string[];
  /** Made when the others are done. */
  readonly farewell: readonly Call[];
}

/** What a task talks to: a server, or the folder of an offline session that answers as a server would. */
export interface Connection {
  readonly isOffline: boolean;
  readonly hosts: Hosts;
  /** Calls `service.action` and returns the answer's `data`. Throws ApiError. */
  call<T>(endpoint: string, body: object, options?: CallOptions): Promise<T>;
  /** Sends JSON lines. Throws ApiError. */
  callLines<T>(endpoint: string, lines: string, options?: CallOptions): Promise<T>;
  /** Stores bytes or the file of a path under `path`, and returns the address to read it from. */
  upload(path: string, content: Uint8Array | string, options?: CallOptions): Promise<string>;
  /** Reads what an address of this connection names. */
  download(url: string, options?: CallOptions): Promise<ReadableStream<Uint8Array>>;
  /** Deletes what an address names; false when there is nothing. */
  remove(url: string, options?: CallOptions): Promise<boolean>;
  /** Says it all before it returns, or gives up after `capMs`; for the moment in which a process ends. Returns what went wrong. */
  sayLastWords(words: LastWords, capMs: number): string | undefined;
}
