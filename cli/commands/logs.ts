import type { Client } from "../../agent/client.ts";
import type { LogEvent } from "../../api/wire/event.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { clientFromEnvironment } from "../client.ts";
import { ConsoleText } from "../console-text.ts";
import { findTask } from "../find-task.ts";
import { followConsole, printConsole } from "../follow-console.ts";
import { lastEvents } from "../last-events.ts";

export interface LogsFlags {
  readonly follow?: boolean;
  readonly tail?: number;
  readonly json?: boolean;
}

/** A task's console, whole or its last lines, as text or as an event per line. */
export async function logsCommand(text: string, flags: LogsFlags): Promise<void> {
  const client = await clientFromEnvironment();
  const task = await findTask(client, text);
  const write = (chunk: string): void => void process.stdout.write(chunk);
  const console = new ConsoleText(write, process.stdout.isTTY === true);
  let shown = 0;
  const show = (event: LogEvent): void => {
    shown++;
    if (flags.json === true) write(`${JSON.stringify(event)}\n`);
    else console.show(event);
  };
  const tail = flags.tail === undefined ? [] : await lastEvents(client, task, flags.tail);
  for (const event of tail) show(event);
  if (flags.follow === true) await follow(client, task, show, await whereToGoOn(client, task, flags, tail));
  else if (flags.tail === undefined) await printConsole(client, task, show);
  console.end();
  if (shown === 0 && flags.tail !== 0) await sayWhyEmpty(client, task);
}

/** `--tail 0 -f` begins behind what is there. */
async function whereToGoOn(client: Client, task: TaskId, flags: LogsFlags, tail: readonly LogEvent[]): Promise<number | undefined> {
  if (flags.tail === undefined) return undefined;
  const last = tail.at(-1) ?? (await lastEvents(client, task, 1)).at(-1);
  return last?.timestamp;
}

async function follow(client: Client, task: TaskId, show: (event: LogEvent) => void, fromMs?: number): Promise<void> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  await followConsole(client, task, show, stop.signal, fromMs);
}

async function sayWhyEmpty(client: Client, task: TaskId): Promise<void> {
  const { status } = await client.tasks.get(task);
  const why = ["created", "queued"].includes(status) ? `it has not run yet (status ${status})` : `status ${status}`;
  process.stderr.write(`windlass: the console of ${task} is empty: ${why}\n`);
}
