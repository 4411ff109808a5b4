import type { ArtifactData, ConfigurationItem, ParameterItem, ParameterSections, TaskData } from "../data.ts";
import { allItems, withItems } from "../parameters/items.ts";

type Body = Readonly<Record<string, unknown>>;
type Answer = readonly [task: TaskData, data: object];

/** Parts that an edit merges key by key; other maps are replaced (task-class.md B15). */
const MERGED = ["script", "execution", "output", "models"];

/** What the calls of `tasks.*` that a recording program makes do to its task, without a server. */
export const TASK_CALLS: Readonly<Record<string, (task: TaskData, body: Body) => Answer>> = {
  "tasks.get_by_id": (task) => [task, { task }],
  "tasks.get_all": (task) => [task, { tasks: [task] }],
  "tasks.ping": (task) => [task, {}],
  "tasks.edit": (task, body) => [edited(task, body), { updated: 1 }],
  "tasks.set_requirements": (task, { requirements }) => [edited(task, { script: { requirements } }), { updated: 1 }],
  "tasks.started": (task) => moved(task, "in_progress"),
  "tasks.stopped": (task) => moved(task, "stopped"),
  "tasks.completed": (task) => moved(task, "completed"),
  "tasks.failed": (task) => moved(task, "failed"),
  "tasks.edit_hyper_params": (task, body) => [
    { ...task, hyperparams: withItems(sections(task), body["hyperparams"] as ParameterItem[]) },
    {},
  ],
  "tasks.delete_hyper_params": deleteParameters,
  "tasks.get_hyper_params": (task) => [task, { params: [{ task: task.id, hyperparams: allItems(sections(task)) }] }],
  "tasks.edit_configuration": (task, body) => [{ ...task, configuration: configured(task, body) }, {}],
  "tasks.add_or_update_artifacts": (task, body) => [withArtifacts(task, body["artifacts"] as ArtifactData[]), { updated: 1 }],
};

const sections = (task: TaskData): ParameterSections => task.hyperparams ?? {};

function edited(task: TaskData, { task: _id, force: _force, ...fields }: Body): TaskData {
  const parts = Object.entries(fields).map(([name, value]) =>
    MERGED.includes(name) ? [name, { ...(task[name] as object | undefined), ...(value as object) }] : [name, value],
  );
  return { ...task, ...(Object.fromEntries(parts) as object) };
}

function moved(task: TaskData, status: TaskData["status"]): Answer {
  return [
    { ...task, status },
    { updated: 1, fields: { status } },
  ];
}

function deleteParameters(task: TaskData, body: Body): Answer {
  const keys = (body["hyperparams"] as ParameterItem[]).map(({ section, name }) => `${section}/${name}`);
  const kept = allItems(sections(task)).filter(({ section, name }) => !keys.includes(`${section}/${name}`));
  return [{ ...task, hyperparams: withItems({}, kept) }, { deleted: allItems(sections(task)).length - kept.length }];
}

const configured = (task: TaskData, body: Body): Record<string, ConfigurationItem> => ({
  ...task.configuration,
  ...Object.fromEntries((body["configuration"] as ConfigurationItem[]).map((item) => [item.name, item])),
});

function withArtifacts(task: TaskData, artifacts: readonly ArtifactData[]): TaskData {
  const keyOf = ({ key, mode = "output" }: ArtifactData): string => `${mode} ${key}`;
  const all = new Map([...(task.execution?.artifacts ?? []), ...artifacts].map((artifact) => [keyOf(artifact), artifact]));
  return { ...task, execution: { ...task.execution, artifacts: [...all.values()] } };
}
