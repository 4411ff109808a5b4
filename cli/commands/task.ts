import { clientFromEnvironment } from "../client.ts";
import { findTask } from "../find-task.ts";
import { ago, styleOut } from "../style.ts";

export async function taskCommand(text: string, flags: { json?: boolean }): Promise<void> {
  const client = await clientFromEnvironment();
  const id = await findTask(client, text);
  if (flags.json === true) {
    const { task } = await client.session.call<{ task: object }>("tasks.get_by_id", { task: id });
    process.stdout.write(`${JSON.stringify(task, null, 2)}\n`);
    return;
  }
  const task = await client.tasks.get(id);
  const rows: [string, string | undefined][] = [
    ["task", task.id],
    ["name", task.name],
    ["status", task.status],
    ["reason", task.status_reason],
    ["message", task.status_message],
    ["started", task.started === undefined ? undefined : `${task.started} (${ago(task.started)})`],
    ["ended", task.completed],
    ["worker", task.last_worker],
    ["repository", task.script.repository],
    ["commit", task.script.version_num],
    ["entry point", task.script.entry_point],
    ["image", task.container.image],
    ["parameters", parametersText(task.hyperparams)],
  ];
  for (const [name, value] of rows)
    if (value !== undefined && value !== "") process.stdout.write(`${styleOut("bold", name.padEnd(12))} ${value}\n`);
}

function parametersText(sections: Readonly<Record<string, Readonly<Record<string, { readonly value: string | undefined }>>>>): string {
  return Object.entries(sections)
    .flatMap(([section, items]) => Object.entries(items).map(([name, { value }]) => `${section}/${name}=${value ?? ""}`))
    .join(" ");
}
