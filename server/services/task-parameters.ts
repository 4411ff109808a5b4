import { ApiFault } from "../api-fault.ts";
import { flagOf, mapListOf, requiredText, requiredTextList, textListOf, textOf } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { configurationItem, type Items, parameterIn, type Sections, sectionName } from "./parameter-items.ts";
import { keyOf } from "./stored-values.ts";
import { requireTasks, writableTask } from "./task-access.ts";
import { changedNow, updatedNow, updateTask } from "./task-changes.ts";
import { editableTask } from "./task-outputs.ts";

/** Hyper-parameters and configurations of tasks (clearml-api.md 2.6, clearml-tasks-events.md 3, 5). */

/** While they are edited: a section may be called `constructor` or `__proto__`, and is a section like any other. */
type SectionMaps = Map<string, Map<string, Document>>;

const mapsOf = (sections: unknown): SectionMaps =>
  new Map(Object.entries(sections as Sections).map(([name, items]) => [name, new Map(Object.entries(items))]));

const documentOf = (sections: SectionMaps): Document =>
  Object.fromEntries([...sections].map(([name, items]) => [name, Object.fromEntries(items)]));

function getHyperParams(call: Call, body: Body): object {
  const params = requireTasks(call, requiredTextList(body, "tasks"), ["hyperparams"]).map((task) => {
    const items = Object.values(task["hyperparams"] as Sections).flatMap((section) => Object.values(section));
    return {
      task: task["id"],
      hyperparams: items.toSorted((a, b) => compare(a["section"], b["section"]) || compare(a["name"], b["name"])),
    };
  });
  return { params };
}

const compare = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0);

/** User properties are edited in any status, and are no news of the run. */
function taskToEdit(call: Call, body: Body, items: readonly Document[]): { task: Document; stamps: Document } {
  const [id, fields] = [requiredText(body, "task"), ["hyperparams"]];
  const onlyProperties = items.every((item) => item["section"] === "properties");
  if (onlyProperties) return { task: writableTask(call, id, fields), stamps: changedNow(call) };
  return { task: editableTask(call, id, fields, flagOf(body, "force")), stamps: updatedNow(call) };
}

function editHyperParams(call: Call, body: Body): object {
  const given = (mapListOf(body, "hyperparams") ?? []).map((item) =>
    parameterIn(sectionName(requiredText(item, "section")), keyOf(requiredText(item, "name")), { ...item, section: null, name: null }),
  );
  const { task, stamps } = taskToEdit(call, body, given);
  const sections = edited(mapsOf(task["hyperparams"]), given, textOf(body, "replace_hyperparams"));
  updateTask(call, String(task["id"]), { hyperparams: documentOf(sections), ...stamps });
  return { updated: 1 };
}

function edited(before: SectionMaps, given: readonly Document[], replace = "none"): SectionMaps {
  const sections: SectionMaps = replace === "all" ? new Map() : new Map(before);
  if (replace === "section") for (const item of given) sections.delete(String(item["section"]));
  for (const item of given) {
    const section = sections.get(String(item["section"])) ?? new Map<string, Document>();
    sections.set(String(item["section"]), section.set(String(item["name"]), item));
  }
  return sections;
}

/** A section that loses its last item stays, empty. */
function deleteHyperParams(call: Call, body: Body): object {
  const gone = (mapListOf(body, "hyperparams") ?? []).map((item) => ({
    section: sectionName(requiredText(item, "section")),
    name: textOf(item, "name")?.trim() || undefined,
  }));
  const { task, stamps } = taskToEdit(call, body, gone);
  const sections = mapsOf(task["hyperparams"]);
  const whole = new Set(gone.filter(({ name }) => name === undefined).map(({ section }) => section));
  const why = "Cannot delete section field if the whole section was scheduled for deletion";
  for (const { section, name } of gone) {
    if (name === undefined) sections.delete(section);
    else if (whole.has(section)) throw new ApiFault(400, 15, `Conflicting fields (${why})`);
    else sections.get(section)?.delete(name);
  }
  updateTask(call, String(task["id"]), { hyperparams: documentOf(sections), ...stamps });
  return { deleted: 1 };
}

function getConfigurations(call: Call, body: Body): object {
  const names = textListOf(body, "names") ?? [];
  const configurations = requireTasks(call, requiredTextList(body, "tasks"), ["configuration"]).map((task) => {
    const items = Object.entries(task["configuration"] as Items).filter(([name]) => names.length === 0 || names.includes(name));
    const sorted = items.map(([, item]) => item).toSorted((a, b) => compare(a["name"], b["name"]));
    return { task: task["id"], configuration: sorted };
  });
  return { configurations };
}

/** Tasks that are not there, or have no such names, are left out. */
function getConfigurationNames(call: Call, body: Body): object {
  const skipsEmpty = flagOf(body, "skip_empty", true);
  const sql = "SELECT id, configuration FROM tasks WHERE id IN (SELECT value FROM json_each(?)) AND company IN (?, '')";
  const rows = call.db.all<{ id: string; configuration: string | null }>(
    sql,
    JSON.stringify(requiredTextList(body, "tasks")),
    call.caller.company,
  );
  const configurations = rows.flatMap(({ id, configuration }) => {
    const items = Object.entries(JSON.parse(configuration ?? "{}") as Items);
    const names = items.filter(([, item]) => !skipsEmpty || (item["value"] ?? "") !== "").map(([name]) => name);
    return names.length === 0 ? [] : [{ task: id, names: names.toSorted() }];
  });
  return { configurations };
}

function editConfiguration(call: Call, body: Body): object {
  const given = (mapListOf(body, "configuration") ?? []).map((item) => {
    const name = keyOf(requiredText(item, "name"));
    return [name, configurationItem(name, { ...item, name: null })] as const;
  });
  const id = requiredText(body, "task");
  const task = editableTask(call, id, ["configuration"], flagOf(body, "force"));
  const before = flagOf(body, "replace_configuration") ? {} : (task["configuration"] as Items);
  updateTask(call, id, { configuration: { ...before, ...Object.fromEntries(given) }, ...updatedNow(call) });
  return { updated: 1 };
}

function deleteConfiguration(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = editableTask(call, id, ["configuration"], flagOf(body, "force"));
  const gone = new Set((textListOf(body, "configuration") ?? []).map((name) => name.trim()));
  const left = Object.entries(task["configuration"] as Items).filter(([name]) => !gone.has(name));
  updateTask(call, id, { configuration: Object.fromEntries(left), ...updatedNow(call) });
  return { deleted: 1 };
}

export const TASK_PARAMETER_ENDPOINTS: readonly Endpoint[] = [
  read("tasks.get_hyper_params", getHyperParams),
  write("tasks.edit_hyper_params", editHyperParams),
  write("tasks.delete_hyper_params", deleteHyperParams),
  read("tasks.get_configurations", getConfigurations),
  read("tasks.get_configuration_names", getConfigurationNames),
  write("tasks.edit_configuration", editConfiguration),
  write("tasks.delete_configuration", deleteConfiguration),
];
