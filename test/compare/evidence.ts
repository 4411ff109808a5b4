import type { EmbeddedServer } from "../support/embedded-server.ts";
import { eventually } from "../support/product.ts";
import type { Arrived, Example } from "./examples.ts";

/** Everything that the server has of a task that ended. */
export interface Evidence {
  readonly status: string;
  readonly console: string;
  readonly arrived: Arrived;
  // biome-ignore lint/suspicious/noExplicitAny: documents as the wire gives them
  readonly task: any;
  // biome-ignore lint/suspicious/noExplicitAny: the same
  readonly models: readonly any[];
}

const FINAL = new Set(["completed", "failed", "stopped", "closed", "published"]);
/** Of machine and agent, not of the program. */
const MONITOR = ":monitor:";

/** Waits until the task has ended. */
export async function evidenceOf(server: EmbeddedServer, task: string, withinMs: number): Promise<Evidence> {
  const document = await eventually(
    `task ${task} has ended`,
    async () => {
      const found = (await server.ask("tasks.get_by_id", { task })).task;
      return FINAL.has(found.status) ? found : undefined;
    },
    withinMs,
  );
  const models = await modelsOf(server, document);
  const console = await consoleOf(server, task);
  return { status: document.status, console, arrived: await arrivedOf(server, document, models), task: document, models };
}

// biome-ignore lint/suspicious/noExplicitAny: see Evidence
async function modelsOf(server: EmbeddedServer, task: any): Promise<any[]> {
  const ids: string[] = (task.models?.output ?? []).map((entry: { model: string }) => entry.model);
  const models = await Promise.all(ids.map(async (model) => (await server.ask("models.get_by_id", { model })).model));
  return models.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function consoleOf(server: EmbeddedServer, task: string): Promise<string> {
  const { events } = await server.ask("events.get_task_log", { task, batch_size: 10_000, order: "asc" });
  return events.map((event: { msg: string }) => event.msg).join("\n");
}

// biome-ignore lint/suspicious/noExplicitAny: see Evidence
async function arrivedOf(server: EmbeddedServer, task: any, models: readonly { name: string }[]): Promise<Arrived> {
  const { metrics } = await server.ask("events.get_scalar_metrics_and_variants", { task: task.id });
  const scalars = Object.entries<string[]>(metrics).flatMap(([metric, variants]) => variants.map((variant) => `${metric}/${variant}`));
  const { plots } = await server.ask("events.get_task_plots", { task: task.id });
  const { events } = await server.ask("events.get_task_events", { task: task.id, event_type: "training_debug_image", batch_size: 1000 });
  return {
    scalars: sorted(scalars.filter((name) => !name.startsWith(MONITOR))),
    plots: sorted(plots.map(nameOf)),
    images: sorted(events.map(nameOf)),
    artifacts: sorted((task.execution?.artifacts ?? []).map(({ key }: { key: string }) => key)),
    models: sorted(models.map(({ name }) => name)),
  };
}

const nameOf = ({ metric, variant }: { metric: string; variant: string }): string => `${metric}/${variant}`;
const sorted = (names: readonly string[]): string[] => [...new Set(names)].toSorted();

/** What is wrong with the run by itself, whoever ran it. */
export function faultsOf(example: Example, { status, console, arrived }: Evidence): string[] {
  const times = (text: string): number => console.split(text).length - 1;
  const said = example.said.filter((text) => times(text) !== 1).map((text) => `"${text}" stands ${times(text)} times in the console`);
  const missing = Object.entries(example.arrives ?? {}).flatMap(([kind, names]) =>
    names.filter((name) => !arrived[kind as keyof Arrived].includes(name)).map((name) => `${kind} lack "${name}"`),
  );
  return [...(status === "completed" ? [] : [`it is ${status}`]), ...said, ...missing];
}
