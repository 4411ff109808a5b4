import type { LogEvent } from "../../api/wire/event.ts";

/** A server takes texts up to this long (clearml-api.md 7.1). */
const LONGEST = 48 * 1024;
/** Lines of one level that come so close together are one event. */
const GATHER_MS = 1_000;
/** Of a line that overwrites itself the newest state is sent so often. */
const PROGRESS_MS = 10_000;

export interface LogLinesOptions {
  readonly task: string;
  readonly worker: string;
  readonly send: (event: LogEvent) => void;
  readonly now?: () => number;
}

/** Text as it is printed, put together to the events of a console; each has its own millisecond, since the server orders by nothing else. */
export class LogLines {
  readonly #options: LogLinesOptions;
  readonly #now: () => number;
  readonly #open = new Map<string, { text: string; sinceMs: number }>();
  #lines: string[] = [];
  #length = 0;
  #level = "";
  #firstMs = 0;
  #lastMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LogLinesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** What came out of a stream, in pieces of any size. */
  add(level: string, text: string): void {
    const before = this.#open.get(level);
    const pieces = `${before?.text ?? ""}${text}`.split("\n");
    const rest = pieces.pop() ?? "";
    for (const line of pieces) this.#line(level, shown(line));
    this.#keepOpen(level, rest, pieces.length > 0 ? undefined : before?.sinceMs);
  }

  /** What was gathered goes; with `all` unfinished lines, too. */
  flush(all = true): void {
    if (all) for (const [level, { text }] of this.#open) if (text !== "") this.#line(level, shown(text));
    if (all) this.#open.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const { task, worker, send } = this.#options;
    this.#lastMs = Math.max(this.#firstMs, this.#lastMs + 1);
    send({ type: "log", task, worker, level: this.#level, timestamp: this.#lastMs, msg: this.#lines.join("\n") });
    this.#lines = [];
    this.#length = 0;
  }

  #keepOpen(level: string, rest: string, sinceMs = this.#now()): void {
    const isOverdue = rest.includes("\r") && this.#now() - sinceMs > PROGRESS_MS;
    if (isOverdue || rest.length > LONGEST) {
      this.#line(level, shown(rest));
      this.#open.delete(level);
    } else this.#open.set(level, { text: rest.slice(rest.lastIndexOf("\r", rest.length - 2) + 1), sinceMs });
  }

  #line(level: string, line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += LONGEST) this.#gather(level, line.slice(at, at + LONGEST));
  }

  #gather(level: string, line: string): void {
    if (this.#lines.length > 0 && (level !== this.#level || this.#length + line.length > LONGEST || this.#isOld())) this.flush(false);
    if (this.#lines.length === 0) {
      this.#level = level;
      this.#firstMs = this.#now();
      this.#timer ??= setTimeout(() => this.flush(false), GATHER_MS).unref();
    }
    this.#lines.push(line);
    this.#length += line.length + 1;
  }

  #isOld(): boolean {
    return this.#now() - this.#firstMs > GATHER_MS;
  }
}

const ESCAPE = String.fromCharCode(27);
/** The cursor goes up a line: what follows overwrites. */
const CURSOR_UP = new RegExp(`${ESCAPE}\\[\\d*A`, "g");

/** What a terminal shows at the end of a line: the state behind the last return, and nothing of what was taken back. */
function shown(line: string): string {
  let text =
    line
      .replace(CURSOR_UP, "\r")
      .split("\r")
      .findLast((state) => state !== "") ?? "";
  while (text.includes("\b")) text = text.replace(/[^\b]?[\b]/, "");
  return text;
}
