import { EventsRefused } from "../../api/events.ts";
import type { BatchReply } from "../../api/wire/event.ts";
import type { Connection } from "../connection/connection.ts";
import { tell } from "../tell.ts";
import { heldOpen } from "./held-open.ts";
import type { Patience } from "./patience.ts";

/** Events wait so long for others before they are sent. */
const GATHER_MS = 1_000;
/** In one request, which proxies take by default up to 1 MiB; what is more goes in the next one. */
const BATCH_LINES = 10_000;
const BATCH_CHARACTERS = 900 * 1024;
/** While the server is away no more than this is kept of what a program reports; older lines are given up for newer ones. */
const KEPT_CHARACTERS = 128 * 2 ** 20;

/**
 * The events of a task (console, scalars, plots, images) on their way to the server: adding one costs the program a text in a
 * list; they are sent in batches, one request at a time, and again until the server answers.
 */
export class EventQueue {
  readonly #connection: Pick<Connection, "callLines">;
  readonly #patience: Patience;
  #lines: string[] = [];
  #characters = 0;
  #underWay: readonly string[] = [];
  #dropped = 0;
  #isClosedTold = false;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;

  constructor(connection: Pick<Connection, "callLines">, patience: Patience) {
    this.#connection = connection;
    this.#patience = patience;
  }

  /** What the server has not acknowledged yet. */
  get waiting(): readonly string[] {
    return [...this.#underWay, ...this.#lines];
  }

  add(event: object): void {
    if (this.#patience.isOver) this.#tellClosed();
    else this.#keep(JSON.stringify(event));
  }

  #keep(line: string): void {
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters > KEPT_CHARACTERS) this.#dropOldest();
    this.#timer ??= setTimeout(() => void this.#sendAll(), GATHER_MS).unref();
  }

  /** Resolves when everything is sent, or the patience is over. */
  async flush(): Promise<void> {
    await heldOpen(this.#sendAll());
  }

  async #sendAll(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#lines.length > 0 && !this.#patience.isOver) {
      this.#sending ??= this.#send().finally(() => {
        this.#sending = undefined;
      });
      await this.#sending;
    }
    await this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#lines.length > 0 && !this.#patience.isOver) {
      this.#underWay = this.#take();
      const lines = this.#underWay;
      await this.#patience.make("events.add_batch", async (options) => {
        const reply = await this.#connection.callLines<BatchReply>("events.add_batch", lines.join("\n"), options);
        if (reply.added < lines.length) throw new EventsRefused(reply);
      });
      if (!this.#patience.isOver) this.#underWay = [];
    }
  }

  #take(): readonly string[] {
    let [count, characters] = [0, 0];
    for (; count < Math.min(this.#lines.length, BATCH_LINES) && characters < BATCH_CHARACTERS; count++)
      characters += this.#lines[count]?.length ?? 0;
    this.#characters -= characters;
    return this.#lines.splice(0, count);
  }

  #tellClosed(): void {
    if (!this.#isClosedTold) tell("the task is closed: what is reported to it now is lost");
    this.#isClosedTold = true;
  }

  #dropOldest(): void {
    const half = this.#lines.splice(0, Math.ceil(this.#lines.length / 2));
    this.#characters -= half.reduce((sum, line) => sum + line.length, 0);
    if (this.#dropped === 0) tell("the server took nothing for so long that the oldest of what was reported is given up");
    this.#dropped += half.length;
  }
}
