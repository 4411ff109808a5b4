import { Worker } from "node:worker_threads";
import type { SessionOptions } from "../../api/session.ts";
import type { LastWords } from "./connection.ts";

const PROGRAM = new URL(`./speaking-thread.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

/** What the thread is given: the reason of a failure comes back as UTF-8 in `reason`, `state` 1 means done. */
export interface SpeakingData {
  readonly session: SessionOptions;
  readonly words: LastWords;
  readonly capMs: number;
  /** [0]: 1 when it is over; [1]: bytes of the reason, 0 for none. */
  readonly state: Int32Array;
  readonly reason: Uint8Array;
}

const LONGEST_REASON = 500;
/** The thread itself needs this long to begin and to tell. */
const BESIDE_MS = 1_000;

/** In an `exit` handler nothing asynchronous happens any more in this thread, but another one still works while this one waits. */
export function speakInThread(session: SessionOptions, words: LastWords, capMs: number): string | undefined {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const reason = new Uint8Array(new SharedArrayBuffer(LONGEST_REASON));
  const workerData: SpeakingData = { session, words, capMs, state, reason };
  new Worker(PROGRAM, { workerData, stderr: true, stdout: true }).on("error", () => undefined);
  if (Atomics.wait(state, 0, 0, capMs + BESIDE_MS) === "timed-out") return `no answer in ${capMs / 1000} s`;
  const length = Atomics.load(state, 1);
  return length === 0 ? undefined : new TextDecoder().decode(reason.slice(0, length));
}
