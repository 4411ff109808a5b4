import type { Client } from "../../agent/client.ts";
import type { Task } from "../../api/wire/task.ts";
import { clientFromEnvironment } from "../client.ts";
import { figuresText } from "../figures-text.ts";
import { findTask } from "../find-task.ts";
import { projectNames, queueText } from "../references.ts";
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
  const rows = [...(await lifeRows(client, task)), ...codeRows(task)];
  for (const [name, value] of rows)
    if (value !== undefined && value !== "") process.stdout.write(`${styleOut("bold", name.padEnd(12))} ${value}\n`);
}

type Row = readonly [name: string, value: string | undefined];

async function lifeRows(client: Client, task: Task): Promise<Row[]> {
  const [projects, queues] = await Promise.all([projectNames(client, [task.project]), client.queues.all()]);
  return [
    ["task", task.id],
    ["name", task.name],
    ["project", projects.get(task.project ?? "")],
    ["type", task.type],
    ["tags", task.tags.join(", ")],
    ["status", task.status],
    ["reason", task.status_reason === task.status ? undefined : task.status_reason],
    ["message", task.status_message],
    ["queue", queueText(queues, { id: task.id, queue: task.execution.queue })],
    ["created", when(task.created)],
    ["started", when(task.started)],
    ["ended", when(task.completed)],
    ["worker", task.last_worker],
    ["progress", progressText(task)],
    ["figures", figuresText(task.last_metrics)],
  ];
}

function codeRows({ script, container, hyperparams }: Task): Row[] {
  return [
    ["repository", script.repository],
    ["branch", script.branch],
    ["commit", script.version_num],
    ["changes", (script.diff ?? "") === "" ? undefined : `${script.diff?.trimEnd().split("\n").length} lines`],
    ["folder", script.working_dir],
    ["entry point", script.entry_point],
    ["image", container.image],
    ["arguments", [container.arguments ?? []].flat().join(" ")],
    ["parameters", parametersText(hyperparams)],
  ];
}

const when = (date: string | undefined): string | undefined => (date === undefined ? undefined : `${date} (${ago(date)})`);

/** What `Task.set_progress` wrote, and the iteration that was reported last. */
function progressText({ runtime, last_iteration: iteration }: Task): string {
  const percent = runtime["progress"];
  // Agents write 0 at the start; only the SDK goes on from there, and not in each program.
  const parts = [
    percent === undefined || Number(percent) === 0 ? "" : `${String(percent)} %`,
    (iteration ?? 0) > 0 ? `iteration ${iteration}` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function parametersText(sections: Task["hyperparams"]): string {
  return Object.entries(sections)
    .flatMap(([section, items]) => Object.entries(items).map(([name, { value }]) => `${section}/${name}=${value ?? ""}`))
    .join(" ");
}
