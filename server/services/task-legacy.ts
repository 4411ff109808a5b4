import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { versionNumber } from "../version.ts";
import { withOneList, withTwoLists } from "./old-tags.ts";
import type { Items, Sections } from "./parameter-items.ts";
import { modelsOf } from "./task-shapes.ts";

/** Old names of a task's fields (clearml-api.md 1.7, 2.5): turned into today's on the way in, and added on the way out. */
const LEGACY = "legacy";
/** Below these versions the old names are in use. */
const OLD_PARAMETERS = versionNumber("2.9");
const ONE_MODEL = versionNumber("2.13");
/** The one section that an old name may begin with; all others are in `Args`, slashes and all. */
const TF_DEFINE = "TF_DEFINE";

/** A body in today's names. `previous` is the edited task: its earlier parameters of that kind are replaced. */
export function upgraded(call: Call, body: Body, previous?: Document): Document {
  const today: Document = { ...withTwoLists(call, TASK, body) };
  const execution = isMap(body["execution"]) ? body["execution"] : undefined;
  if (execution === undefined) return today;
  const parameters = legacyIn(execution["parameters"], body["hyperparams"], previous?.["hyperparams"], sectionsOf);
  if (parameters !== undefined) today["hyperparams"] = parameters;
  const texts = legacyIn(execution["model_desc"], body["configuration"], previous?.["configuration"], itemsOf);
  if (texts !== undefined) today["configuration"] = texts;
  return call.version >= ONE_MODEL ? today : { ...today, ...modelIn(body, execution), ...containerIn(body, execution) };
}

/** How parameters (in sections) and configurations (not in sections) hold their items. */
interface Holder {
  readonly without: (held: Document) => Document;
  readonly added: (held: Document, name: string, value: string) => Document;
}

const isLegacy = (item: unknown): boolean => isMap(item) && item["type"] === LEGACY;
const itemsOf: Holder = {
  without: (items) => Object.fromEntries(Object.entries(items).filter(([, item]) => !isLegacy(item))),
  added: (items, name, value) => ({ ...items, [name]: { name, type: LEGACY, value } }),
};
const sectionsOf: Holder = {
  without: (sections) => {
    const left = Object.entries(sections).map(([name, items]) => [name, itemsOf.without(items as Document)] as const);
    return Object.fromEntries(left.filter(([, items]) => Object.keys(items).length > 0));
  },
  added: (sections, fullName, value) => {
    const [section, name] = fullName.startsWith(`${TF_DEFINE}/`) ? [TF_DEFINE, fullName.slice(TF_DEFINE.length + 1)] : ["Args", fullName];
    if (name === "") throw new ApiFault(400, 12, "Validation error (Parameter name cannot be empty)");
    const items = Object.hasOwn(sections, section) && isMap(sections[section]) ? sections[section] : {};
    return { ...sections, [section]: { ...items, [name]: { section, name, type: LEGACY, value } } };
  },
};

/** What the new field becomes; undefined: nothing of the old one was given, or there is nothing to take away. */
function legacyIn(given: unknown, today: unknown, previous: unknown, holder: Holder): Document | undefined {
  if (!isMap(given)) return undefined;
  let held: Document = isMap(today) ? today : {};
  if (Object.keys(held).length === 0 && isMap(previous)) {
    held = holder.without(previous);
    if (Object.keys(given).length === 0 && JSON.stringify(held) === JSON.stringify(previous)) return undefined;
  }
  for (const [name, value] of Object.entries(given)) held = holder.added(held, name, inPython(value));
  return Object.keys(held).length === 0 && !isMap(previous) ? undefined : held;
}

/** A value as Python's `str` writes it. */
function inPython(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function modelIn(body: Body, execution: Document): Document {
  const model = execution["model"];
  if (typeof model !== "string") return {};
  const input = model === "" ? [] : [{ name: "Input Model", model }];
  return { models: { ...(isMap(body["models"]) ? body["models"] : {}), input } };
}

function containerIn(body: Body, execution: Document): Document {
  const command = execution["docker_cmd"];
  return typeof command === "string"
    ? { container: { ...(isMap(body["container"]) ? body["container"] : {}), ...containerOf(command) } }
    : {};
}

export function containerOf(command: string): Document {
  const space = command.indexOf(" ");
  return space < 0 ? { image: command, arguments: "" } : { image: command.slice(0, space), arguments: command.slice(space + 1) };
}

/** What a reply of the requested version looks like: a whole task, or the fields of one. */
export function shapedTask(call: Call, task: Document): Document {
  const shaped = { ...withOneList(call, task) };
  for (const name of ["tags", "system_tags"]) if (Array.isArray(shaped[name])) shaped[name] = shaped[name].toSorted();
  if (call.version < ONE_MODEL) Object.assign(shaped, withCommand(shaped, task), withModels(shaped, task));
  return call.version < OLD_PARAMETERS ? { ...shaped, ...withLegacy(shaped, task) } : shaped;
}

function withCommand(shaped: Document, task: Document): Document {
  const container = isMap(task["container"]) ? task["container"] : {};
  const { image, arguments: args } = container;
  if (typeof image !== "string" || image === "") return {};
  const command = typeof args === "string" && args !== "" ? `${image} ${args}` : image;
  return { execution: { ...(shaped["execution"] as object | undefined), docker_cmd: command } };
}

function withModels(shaped: Document, task: Document): Document {
  const [input, output] = [modelsOf(task, "input")[0]?.["model"], modelsOf(task, "output").at(-1)?.["model"]];
  const execution = withCommand(shaped, task)["execution"] ?? shaped["execution"];
  return {
    ...(input === undefined ? {} : { execution: { ...(execution as object | undefined), model: input } }),
    ...(output === undefined ? {} : { output: { ...(shaped["output"] as object | undefined), model: output } }),
  };
}

function withLegacy(shaped: Document, task: Document): Document {
  const parameters = Object.values((task["hyperparams"] ?? {}) as Sections).flatMap((section) => Object.values(section));
  const old = parameters
    .filter(isLegacy)
    .map((item) => [item["section"] === TF_DEFINE ? `${TF_DEFINE}/${String(item["name"])}` : item["name"], item["value"]]);
  const texts = Object.values((task["configuration"] ?? {}) as Items)
    .filter(isLegacy)
    .map((item) => [item["name"], item["value"]]);
  if (old.length === 0 && texts.length === 0) return {};
  return {
    execution: {
      ...(shaped["execution"] as object | undefined),
      ...(old.length === 0 ? {} : { parameters: Object.fromEntries(old) }),
      ...(texts.length === 0 ? {} : { model_desc: Object.fromEntries(texts) }),
    },
  };
}
