import { clientFromEnvironment } from "../client.ts";
import { findTask } from "../find-task.ts";
import { followConsole, printConsole } from "../follow-console.ts";

export async function logsCommand(text: string, flags: { follow?: boolean }): Promise<void> {
  const client = await clientFromEnvironment();
  const task = await findTask(client, text);
  const write = (line: string): void => void process.stdout.write(line);
  if (flags.follow !== true) return void (await printConsole(client, task, write));
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  await followConsole(client, task, write, stop.signal);
}
