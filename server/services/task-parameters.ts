import { ApiFault } from "../api-fault.ts";
import { flagOf, mapListOf, requiredText, requiredTextList, textListOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { requireTask } from "./task-document.ts";
import { configurationItem, parameterIn, sectionName } from "./task-shapes.ts";

/** Hyper-parameters and configurations of a task (clearml-api.md 2.6). */
type Sections = Record<string, Record<string, Document>>;
/** While they are edited: a section may be called `constructor` or `__proto__`, and is a section like any other. */
type SectionMaps = Map<string, Map<string, Document>>;

const mapsOf = (sections: unknown): SectionMaps =>
  new Map(Object.entries(sections as Sections).map(([name, items]) => [name, new Map(Object.entries(items))]));

const documentOf = (sections: SectionMaps): Document =>
  Object.fromEntries([...sections].map(([name, items]) => [name, Object.fromEntries(items)]));

function getHyperParams(call: Call, body: Body): object {
  const params = requiredTextList(body, "tasks").flatMap((id) => {
    const task = findDocument(call.db, TASK, id, ["hyperparams"]);
    if (task === undefined) return [];
    const items = Object.values(task["hyperparams"] as Sections).flatMap((section) => Object.values(section));
    return [{ task: id, hyperparams: items.toSorted((a, b) => compare(a["section"], b["section"]) || compare(a["name"], b["name"])) }];
  });
  return { params };
}

const compare = (a: unknown, b: unknown): number => (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0);

/** Drafts may be edited, with `force` also waiting and running tasks; user properties at any time. */
function requireEditable(call: Call, id: string, force: boolean, onlyProperties: boolean, field: string): Document {
  const task = requireTask(call, id, ["status", field]);
  const allowed = force ? ["created", "queued", "in_progress"] : ["created"];
  if (!onlyProperties && !allowed.includes(String(task["status"]))) {
    throw new ApiFault(400, 110, "Invalid task status", { expected: allowed.join("|"), status: task["status"] });
  }
  return task;
}

function editHyperParams(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const given = (mapListOf(body, "hyperparams") ?? []).map((item) =>
    parameterIn(sectionName(requiredText(item, "section")), requiredText(item, "name").trim(), item),
  );
  const onlyProperties = given.every((item) => item["section"] === "properties");
  const task = requireEditable(call, id, flagOf(body, "force"), onlyProperties, "hyperparams");
  const sections = edited(mapsOf(task["hyperparams"]), given, textOf(body, "replace_hyperparams"));
  return save(call, id, { hyperparams: documentOf(sections) }, onlyProperties);
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

function deleteHyperParams(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const gone = (mapListOf(body, "hyperparams") ?? []).map((item) => ({
    section: sectionName(requiredText(item, "section")),
    name: textOf(item, "name"),
  }));
  const onlyProperties = gone.every(({ section }) => section === "properties");
  const task = requireEditable(call, id, flagOf(body, "force"), onlyProperties, "hyperparams");
  const sections = mapsOf(task["hyperparams"]);
  for (const { section, name } of gone) {
    if (name !== undefined) sections.get(section)?.delete(name);
    if (name === undefined || sections.get(section)?.size === 0) sections.delete(section);
  }
  save(call, id, { hyperparams: documentOf(sections) }, onlyProperties);
  return { deleted: 1 };
}

function save(call: Call, id: string, fields: Document, quiet = false): object {
  const now = wireDate(call.nowMs);
  updateDocument(call.db, TASK, id, {
    ...fields,
    ...(quiet ? {} : { last_update: now }),
    last_change: now,
    last_changed_by: call.caller.user,
  });
  return { updated: 1 };
}

type Configuration = Record<string, Document>;

function getConfigurations(call: Call, body: Body): object {
  const names = textListOf(body, "names");
  const configurations = requiredTextList(body, "tasks").flatMap((id) => {
    const task = findDocument(call.db, TASK, id, ["configuration"]);
    if (task === undefined) return [];
    const items = Object.values(task["configuration"] as Configuration).filter(
      (item) => names === undefined || names.includes(String(item["name"])),
    );
    return [{ task: id, configuration: items.toSorted((a, b) => compare(a["name"], b["name"])) }];
  });
  return { configurations };
}

function getConfigurationNames(call: Call, body: Body): object {
  const skipEmpty = flagOf(body, "skip_empty", true);
  const configurations = requiredTextList(body, "tasks").flatMap((id) => {
    const task = findDocument(call.db, TASK, id, ["configuration"]);
    const items = Object.entries((task?.["configuration"] ?? {}) as Configuration);
    const names = items
      .filter(([, item]) => !skipEmpty || (item["value"] ?? "") !== "")
      .map(([name]) => name)
      .toSorted();
    return task === undefined || names.length === 0 ? [] : [{ task: id, names }];
  });
  return { configurations };
}

function editConfiguration(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = requireEditable(call, id, flagOf(body, "force"), false, "configuration");
  const before = flagOf(body, "replace_configuration") ? {} : (task["configuration"] as Configuration);
  const given = (mapListOf(body, "configuration") ?? []).map((item) => {
    const name = requiredText(item, "name").trim();
    return [name, configurationItem(name, item)];
  });
  return save(call, id, { configuration: { ...before, ...Object.fromEntries(given) } });
}

function deleteConfiguration(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const task = requireEditable(call, id, flagOf(body, "force"), false, "configuration");
  const gone = new Set(textListOf(body, "configuration") ?? []);
  const left = Object.entries(task["configuration"] as Configuration).filter(([name]) => !gone.has(name));
  save(call, id, { configuration: Object.fromEntries(left) });
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
