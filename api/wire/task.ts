import { z } from "zod";
import type { ProjectId, QueueId, TaskId } from "./ids.ts";
import { TASK_STATUSES } from "./task-types.ts";

/**
 * The server's task document, as far as an agent and its command line read it (clearml-api.md 2). Lenient: unknown fields pass,
 * absent ones get the empty value that the server means, and a text where a number or a number where a text is expected does not
 * lose the task. Only what a program is run from can be wrong; what is only shown is left out when it is of a wrong type.
 */
const optionalText = z
  .union([z.string(), z.number(), z.boolean()])
  .nullish()
  .transform((value) => (value === null || value === undefined ? undefined : String(value)));
const shownText = optionalText.catch(undefined);
const shownNumber = z.number().nullish().catch(undefined);
const shownTexts = z.array(z.string()).catch([]);
const shownMap = z.record(z.string(), z.unknown()).catch({});
const shownId = z.string().optional().catch(undefined);

const parameterSchema = z.object({
  section: shownText,
  name: optionalText,
  value: optionalText,
  type: shownText,
  description: shownText,
});

const requirementSchema = z.union([z.string(), z.array(z.string())]).nullish();

const scriptFields = z.object({
  binary: optionalText,
  repository: optionalText,
  tag: optionalText,
  branch: optionalText,
  version_num: optionalText,
  entry_point: optionalText,
  working_dir: optionalText,
  diff: optionalText,
  requirements: z.looseObject({ pip: requirementSchema, conda: requirementSchema, org_pip: requirementSchema }).nullish().catch(undefined),
});
const scriptSchema = scriptFields.nullish().transform((script) => script ?? scriptFields.parse({}));

const containerFields = z.object({
  image: optionalText,
  arguments: z
    .union([z.string(), z.array(z.string())])
    .nullish()
    .transform((value) => (value === null ? undefined : value)),
  setup_shell_script: optionalText,
});
const containerSchema = containerFields.nullish().transform((container) => container ?? containerFields.parse({}));

export const taskSchema = z.object({
  id: z.string().transform((id) => id as TaskId),
  name: shownText.transform((name) => name ?? ""),
  type: shownText.transform((type) => type ?? "training"),
  status: z.enum(TASK_STATUSES).catch("unknown"),
  status_reason: shownText,
  status_message: shownText,
  status_changed: shownText,
  user: z.unknown().optional(),
  project: shownId.transform((id) => id as ProjectId | undefined),
  parent: shownText,
  comment: shownText,
  tags: shownTexts,
  system_tags: shownTexts,
  created: shownText,
  started: shownText,
  completed: shownText,
  last_update: shownText,
  last_change: shownText,
  last_worker: shownText,
  last_iteration: shownNumber,
  last_metrics: shownMap,
  active_duration: shownNumber,
  script: scriptSchema,
  container: containerSchema,
  runtime: shownMap,
  execution: z.looseObject({ queue: shownId.transform((id) => id as QueueId | undefined) }).catch({ queue: undefined }),
  hyperparams: z
    .record(z.string(), z.record(z.string(), parameterSchema))
    .nullish()
    .transform((sections) => sections ?? {}),
  configuration: shownMap,
});

export type Task = z.infer<typeof taskSchema>;
export type Parameter = z.infer<typeof parameterSchema>;
/** section → name → parameter. */
export type Parameters = Task["hyperparams"];

/** What a status call answers. */
export interface StatusChange {
  readonly updated: number;
  readonly fields: Readonly<Record<string, unknown>>;
}
