import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { EmbeddedServer } from "../support/embedded-server.ts";

/** What a run leaves on the server, as `metric/variant`, keys and names. */
export interface Arrived {
  readonly scalars: readonly string[];
  readonly plots: readonly string[];
  readonly images: readonly string[];
  readonly artifacts: readonly string[];
  readonly models: readonly string[];
}

/** A program of test/sdk/examples as a task. */
export interface Example {
  readonly name: string;
  /** What a person edits on a clone before it is enqueued. */
  readonly edits?: {
    readonly parameters?: readonly (readonly [string, string, string])[];
    readonly configuration?: Readonly<Record<string, string>>;
  };
  /** Texts that stand in the console exactly once. */
  readonly said: readonly string[];
  readonly arrives?: Partial<Arrived>;
}

export const EXAMPLES: readonly Example[] = [
  {
    name: "scalars",
    said: ["scalars: reported"],
    arrives: { scalars: ["Summary/best loss", "late/series", "loss/train", "loss/validation"] },
  },
  {
    name: "plots",
    said: ["plots: reported"],
    arrives: {
      plots: [
        "bars/of a list",
        "confusion/of three",
        "figure/by hand",
        "lines/",
        "points/flat",
        "points/in space",
        "surface/hill",
        "table/of rows",
      ],
    },
  },
  {
    name: "text",
    said: ["by print", "by stderr", "by logging", "by report_text", "ünïcödé ✓"].map((line) => `text: ${line}`),
  },
  {
    name: "media",
    said: ["media: reported"],
    arrives: { images: ["image/of a file", "image/of an array", "media/page", "media/picture", "media/text"] },
  },
  {
    name: "artifacts",
    said: ["artifacts: the folder has ['one.txt', 'two.txt']", "artifacts: round 2"],
    arrives: { artifacts: ["dictionary", "file", "folder", "numbers", "object", "picture", "replaced", "text"] },
  },
  {
    name: "hyper_parameters",
    edits: {
      parameters: [
        ["Args", "rate", "0.5"],
        ["Args", "layers", "[1, 2, 3]"],
        ["Settings", "nested/decay", "0.25"],
        ["Net", "depth", "9"],
      ],
    },
    said: [
      "hyper_parameters: rate 0.5 layers [1, 2, 3] fast False",
      "hyper_parameters: batch 16 decay 0.25 names ['a', 'b']",
      "hyper_parameters: depth 9 kind tree int",
    ],
  },
  {
    name: "configuration",
    edits: { configuration: { net: '{"model": {"width": 70, "names": ["x"]}}', settings: "size: 120\n" } },
    said: ["configuration: width 70", "configuration: file size: 120"],
  },
  { name: "models", said: ["models: fetched 350 bytes, layers 3"], arrives: { models: ["in parts", "net"] } },
  { name: "pipeline_functions", said: ["pipeline_functions: the total is 20", "pipeline_functions: steps ['double', 'load', 'total']"] },
  { name: "dataset", said: ["dataset: version 1.1.0 has ['one.csv', 'two.csv']"] },
  {
    name: "monitoring",
    said: ["monitoring: status in_progress progress 50", "monitoring: score 3", "monitoring: clone created of the same program True"],
  },
];

/** The same for all, so that one environment is enough for every worker. */
const REQUIREMENTS = "clearml==2.1.12\n";
const FOLDER = resolve(import.meta.dirname, "../sdk/examples");

/** A task of the example is cloned, edited as a person would edit it, and enqueued; the clone's id. */
export async function enqueue(server: EmbeddedServer, { name, edits }: Example, project: string, queue: string): Promise<string> {
  const diff = await readFile(join(FOLDER, `${name}.py`), "utf8");
  const script = { entry_point: `${name}.py`, working_dir: ".", binary: "python3", diff, requirements: { pip: REQUIREMENTS } };
  const base = await server.task({ name, project, script, output_dest: server.filesUrl });
  const { id } = await server.ask("tasks.clone", { task: base, new_task_name: name });
  const hyperparams = (edits?.parameters ?? []).map(([section, key, value]) => ({ section, name: key, value }));
  if (hyperparams.length > 0) await server.ask("tasks.edit_hyper_params", { task: id, hyperparams });
  const configuration = Object.entries(edits?.configuration ?? {}).map(([key, value]) => ({ name: key, value }));
  if (configuration.length > 0) await server.ask("tasks.edit_configuration", { task: id, configuration });
  await server.ask("tasks.enqueue", { task: id, queue });
  return id;
}
