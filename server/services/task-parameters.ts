import { ApiFault } from "../api-fault.ts";
import { flagOf, isMap, listOf, requiredText, requiredTextList, textListOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { parameterOf, requireTask, sectionName } from "./task-document.ts";

/** Hyper-parameters and configurations of a task (clearml-api.md 2.6). */
type Sections = Record<string, Record<string, Document>>;

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
  const items = (listOf(body, "hyperparams") ?? []).filter(isMap);
  const given = items.map((item) => parameterOf(sectionName(String(item["section"] ?? "")), String(item["name"] ?? "").trim(), item));
  const onlyProperties = given.every((item) => item["section"] === "properties");
  const task = requireEditable(call, id, flagOf(body, "force"), onlyProperties, "hyperparams");
  const replace = textOf(body, "replace_hyperparams") ?? "none";
  const sections: Sections = replace === "all" ? {} : structuredClone(task["hyperparams"] as Sections);
  if (replace === "section") for (const item of given) delete sections[String(item["section"])];
  for (const item of given) (sections[String(item["section"])] ??= {})[String(item["name"])] = item;
  return save(call, id, { hyperparams: sections }, onlyProperties);
}

function deleteHyperParams(call: Call, body: Body): object {
  const id = requiredText(body, "task");
  const items = (listOf(body, "hyperparams") ?? []).filter(isMap);
  const onlyProperties = items.every((item) => sectionName(String(item["section"])) === "properties");
  const task = requireEditable(call, id, flagOf(body, "force"), onlyProperties, "hyperparams");
  const sections = structuredClone(task["hyperparams"] as Sections);
  for (const item of items) {
    const section = sectionName(String(item["section"]));
    if (item["name"] === undefined || item["name"] === null) delete sections[section];
    else delete sections[section]?.[String(item["name"])];
    if (sections[section] !== undefined && Object.keys(sections[section]).length === 0) delete sections[section];
  }
  save(call, id, { hyperparams: sections }, onlyProperties);
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
  const given = (listOf(body, "configuration") ?? []).filter(isMap).map((item) => [String(item["name"]).trim(), item]);
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
