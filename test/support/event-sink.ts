import { setImmediate } from "node:timers/promises";
import { ApiError } from "../../api/api-error.ts";
import { EventsRefused } from "../../api/events.ts";
import type { EventSink, LogEvent } from "../../monitor/event-sink.ts";
import type { JumpingClock } from "./jumping-clock.ts";

/** What becomes of one request with events. */
export type Fate =
  | "taken"
  /** Carried out, but the answer never arrives. */
  | "answer lost"
  /** Never arrives at the server. */
  | "request lost"
  /** No answer, and carried out four seconds later. */
  | "lands late"
  /** Half of it is carried out. */
  | "torn"
  | "busy"
  | "connection refused"
  | "refused for good"
  /** Half of it is carried out and shown two seconds later; the answer says how many were taken. */
  | "refused in part";

/** A server's log of one task that loses requests and answers as it is told. */
export class FaultySink implements EventSink {
  readonly events: LogEvent[] = [];
  /** One entry per request: how many events it had. */
  readonly requests: number[] = [];
  readonly requestBytes: number[] = [];
  reads = 0;
  /** A request with such an event in it is refused as a whole, with this status. */
  refuses: (event: LogEvent, request: readonly LogEvent[]) => number | undefined = () => undefined;
  /** Calls to `readLog` that fail before one succeeds. */
  failingReads = 0;
  /** The status with which they fail; 0: no answer. */
  readFailure = 0;
  readonly #clock: JumpingClock;
  readonly #fate: () => Fate;

  constructor(clock: JumpingClock, fate: () => Fate) {
    this.#clock = clock;
    this.#fate = fate;
  }

  /** What a person reads: all messages in the order of their timestamps. */
  get text(): string {
    return this.#sorted()
      .map((event) => event.msg)
      .join("");
  }

  async addLines(lines: string | Uint8Array, count: number, signal: AbortSignal): Promise<void> {
    const events = String(lines)
      .split("\n")
      .map((line) => JSON.parse(line) as LogEvent);
    if (events.length !== count) throw new Error(`${count} events were announced, ${events.length} came`);
    this.requests.push(count);
    this.requestBytes.push(Buffer.byteLength(lines));
    await setImmediate();
    signal.throwIfAborted();
    const refused = events.map((event) => this.refuses(event, events)).find((status) => status !== undefined);
    if (refused !== undefined) throw failure(refused);
    this.#meet(this.#fate(), events);
    await setImmediate();
    signal.throwIfAborted();
  }

  async readLog(fromMs: number): Promise<LogEvent[]> {
    this.reads++;
    if (this.failingReads-- > 0) throw failure(this.readFailure);
    await setImmediate();
    return this.#sorted().filter((event) => event.timestamp >= fromMs);
  }

  async variantsOf(): Promise<readonly string[]> {
    return [];
  }

  #meet(fate: Fate, events: readonly LogEvent[]): void {
    if (fate === "taken" || fate === "answer lost") this.events.push(...events);
    const half = events.slice(0, Math.ceil(events.length / 2));
    if (fate === "torn") this.events.push(...half);
    if (fate === "lands late") this.#clock.in(4_000, () => this.events.push(...events));
    if (fate === "refused in part") {
      this.#clock.in(2_000, () => this.events.push(...half));
      throw new EventsRefused({ added: half.length, errors: events.length - half.length, errors_info: { "as the test wants it": 1 } });
    }
    if (fate === "busy") throw failure(429, 7_000);
    if (fate === "connection refused") throw failure(0, undefined, Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
    if (fate === "refused for good") throw failure(400);
    if (fate !== "taken") throw failure(0);
  }

  #sorted(): LogEvent[] {
    return this.events.toSorted((a, b) => a.timestamp - b.timestamp);
  }
}

function failure(status: number, retryAfterMs?: number, cause?: Error): ApiError {
  return new ApiError({ endpoint: "events.add_batch", status, subcode: 0, message: "as the test wants it", retryAfterMs, cause });
}
