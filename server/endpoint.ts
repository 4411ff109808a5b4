import type { Database } from "./store/database.ts";

/** Who is calling, from the token. */
export interface Caller {
  readonly user: string;
  readonly userName: string;
  readonly company: string;
  readonly role: string;
  /** `run`: a task's token, which may not touch users, keys and server settings. */
  readonly scope?: "run" | undefined;
  /** With a run's token that is limited to its own task. */
  readonly onlyTask?: string | undefined;
}

/** Stands among the touched queues when one was made or deleted. */
export const QUEUE_LIST = "*";

/** What a call changed that somebody may be waiting for; travels back to the HTTP thread after the commit. */
export interface Effects {
  /** Queues that got an entry, and QUEUE_LIST. */
  readonly queues: Set<string>;
  /** Tasks whose status, message or runtime changed. */
  readonly tasks: Set<string>;
  /** What the writer has to do before the reply goes out, on behalf of a call that only reads. */
  followUp?: FollowUp;
}

/** A call of the server's own; a reply with `next` asks for it again, with that body. */
export interface FollowUp {
  readonly endpoint: string;
  readonly body: Body;
}

/** One call, inside a store thread. */
export interface Call {
  readonly db: Database;
  readonly caller: Caller;
  /** The X-ClearML-Worker header, or `<unknown>`. */
  readonly worker: string;
  /** The address of the client, as its proxy tells it. */
  readonly ip: string;
  /** The requested API version, e.g. 2.13; the server's maximum when the path names none. */
  readonly version: number;
  readonly nowMs: number;
  readonly effects: Effects;
}

export type Body = Readonly<Record<string, unknown>>;

/** A long reading: at each `yield` other calls go between. Each step sees the state of its own moment. */
export type Steps = Generator<undefined, object, undefined>;

export const isSteps = (result: object): result is Steps => Symbol.iterator in result && "next" in result;

/**
 * One `service.action`. `handle` is synchronous and runs inside a store thread, in one transaction: `write` calls in the
 * only writer, `read` calls in one of the readers, where they may give `Steps`.
 */
export interface Endpoint {
  readonly name: string;
  /** The first version that it answers, e.g. "2.9"; undefined: the contract's (server/contract/versions.ts). */
  readonly since?: string;
  readonly mode: "read" | "write";
  /** A field with which a reading writes too, and goes to the writer. */
  readonly writesWith?: string;
  /** `batch`: the handler is given the lines of a json-lines body (a plain JSON body is a batch of one). */
  readonly body?: "object" | "batch";
  readonly handle: (call: Call, body: Body, lines: readonly Body[]) => object;
}

export const read = (name: string, handle: (call: Call, body: Body) => object): Endpoint => ({ name, mode: "read", handle });
export const write = (name: string, handle: (call: Call, body: Body) => object): Endpoint => ({ name, mode: "write", handle });
