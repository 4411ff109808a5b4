import type { CallOptions } from "../../api/session.ts";
import { newId } from "../../base/ids.ts";
import type { Connection } from "../connection/connection.ts";
import type { TaskData } from "../data.ts";
import { EventQueue } from "../sending/event-queue.ts";
import { Outbox } from "../sending/outbox.ts";
import { Patience } from "../sending/patience.ts";

/** What is on its way from a task to the server. */
export interface Sending {
  readonly patience: Patience;
  readonly outbox: Outbox;
  readonly events: EventQueue;
}

/** A server that has not taken what was recorded by then is asked all the same, and the caller sees what becomes of it. */
const LONGEST_WAIT_MS = 15_000;

/** A task of the server with the newest document that this process knows of it. */
export class TaskRecord {
  /** 32 hex digits. */
  readonly id: string;
  protected readonly connection: Connection;
  /** What the server said last, with what was changed since. */
  protected known: TaskData;
  #sending: Sending | undefined;

  constructor(connection: Connection, data: TaskData) {
    this.connection = connection;
    this.id = data.id;
    this.known = data;
  }

  /** The whole document as it was last read. */
  get data(): TaskData {
    return this.known;
  }

  /** Reads the task from the server anew, with what this process recorded; `tasks.get_by_id`. */
  async reload(options?: CallOptions): Promise<void> {
    this.known = (await this.ask<{ task: TaskData }>("tasks.get_by_id", { task: this.id }, options)).task;
  }

  /** A call whose answer the program waits for; what it recorded before is said before. */
  protected async ask<T>(endpoint: string, body: object, options?: CallOptions): Promise<T> {
    await this.sending.outbox.flush(LONGEST_WAIT_MS);
    return await this.connection.call<T>(endpoint, body, options);
  }

  /** Changes fields of the task whatever its status; `tasks.edit`. Maps (`hyperparams`, `runtime` …) are replaced as a whole. */
  protected async edit(fields: Partial<TaskData>): Promise<void> {
    await this.ask("tasks.edit", { task: this.id, force: true, ...fields });
    this.known = { ...this.known, ...fields };
  }

  /** Changes some fields of a part that the server merges key by key (`script`, `execution`). */
  protected async editPart(part: "script" | "execution", fields: object): Promise<void> {
    await this.ask("tasks.edit", { task: this.id, force: true, [part]: fields });
    this.knowPart(part, fields);
  }

  /** The same without waiting for it. */
  protected recordPart(part: "script" | "execution", fields: object): void {
    this.sending.outbox.add("tasks.edit", { task: this.id, force: true, [part]: fields });
    this.knowPart(part, fields);
  }

  protected knowPart(part: "script" | "execution", fields: object): void {
    this.known = { ...this.known, [part]: { ...this.known[part], ...fields } };
  }

  /** What this task has to say without being waited for. */
  protected get sending(): Sending {
    this.#sending ??= this.#startSending();
    return this.#sending;
  }

  #startSending(): Sending {
    const patience = new Patience(this.connection.hosts.api);
    return { patience, outbox: new Outbox(this.connection, patience), events: new EventQueue(this.connection, patience) };
  }
}

/** What a name that was not given is. */
export const newName = (kind: string): string => `${kind} ${newId().slice(0, 8)}`;
