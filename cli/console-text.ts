import type { LogEvent } from "../api/wire/event.ts";

/**
 * A task's console as text. On a terminal it goes out as it came; elsewhere each state of a line that overwrites itself
 * (`\r`) is a line of its own, since nothing there goes back to the begin of a line.
 */
export class ConsoleText {
  readonly #write: (text: string) => void;
  readonly #isTerminal: boolean;
  #atLineStart = true;

  constructor(write: (text: string) => void, isTerminal: boolean) {
    this.#write = write;
    this.#isTerminal = isTerminal;
  }

  show(event: Pick<LogEvent, "msg" | "worker"> & { readonly level?: string | undefined }): void {
    const whole = event.msg.endsWith("\n") || !isRecord(event) ? event.msg : `${event.msg}\n`;
    const text = this.#isTerminal ? whole : this.#plain(whole);
    if (text === "") return;
    this.#atLineStart = text.endsWith("\n");
    this.#write(text);
  }

  /** The last line of a program may be unfinished; what we print next is not part of it. */
  end(): void {
    if (!this.#atLineStart) this.#write("\n");
    this.#atLineStart = true;
  }

  #plain(text: string): string {
    const begun = this.#atLineStart ? text.replace(/^\r+/, "") : text;
    return begun.replace(/\r+(?=\n)/g, "").replace(/\r+/g, "\n");
  }
}

/** Agents send a stream, cut anywhere. The official SDK, whose levels are in small letters, and callers without a worker send whole lines. */
const isRecord = ({ worker, level = "" }: { worker: string; level?: string | undefined }): boolean =>
  worker === "" || /^[a-z]+$/.test(level);
