import { z } from "zod";
import type { ProjectId, QueueId, TaskId } from "./ids.ts";
import { TASK_STATUSES } from "./task-types.ts";

/**
 * The server's task document, as far as an agent and its command line read it (clearml-api.md 2). Lenient: unknown
 * fields pass, absent ones get the empty value that the server means, and a text where a number or a number where
 * a text is expected does not lose the task.
 */
const text = z.coerce.string();
const optionalText = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => (value === null || value === undefined ? undefined : String(value)));
const textMap = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((map) => map ?? {});

const parameterSchema = z.object({
  section: text.optional(),
  name: text.optional(),
  value: optionalText,
  type: optionalText,
  description: optionalText,
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
  name: text.default(""),
  type: text.default("training"),
  status: z.enum(TASK_STATUSES).catch("unknown"),
  status_reason: optionalText,
  status_message: optionalText,
  status_changed: optionalText,
  user: z.unknown().optional(),
  project: z
    .string()
    .nullish()
    .transform((id) => (id === null || id === undefined ? undefined : (id as ProjectId))),
  parent: optionalText,
  comment: optionalText,
  tags: z
    .array(z.string())
    .nullish()
    .transform((tags) => tags ?? []),
  system_tags: z
    .array(z.string())
    .nullish()
    .transform((tags) => tags ?? []),
  created: optionalText,
  started: optionalText,
  completed: optionalText,
  last_update: optionalText,
  last_change: optionalText,
  last_worker: optionalText,
  last_iteration: z.number().nullish(),
  last_metrics: textMap,
  active_duration: z.number().nullish(),
  script: scriptSchema,
  container: containerSchema,
  runtime: textMap,
  execution: z
    .looseObject({
      queue: z
        .string()
        .nullish()
        .transform((id) => (id === null || id === undefined ? undefined : (id as QueueId))),
    })
    .nullish()
    .transform((execution) => execution ?? { queue: undefined }),
  hyperparams: z
    .record(z.string(), z.record(z.string(), parameterSchema))
    .nullish()
    .transform((sections) => sections ?? {}),
  configuration: textMap,
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
