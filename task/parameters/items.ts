import type { ParameterItem, ParameterSections } from "../data.ts";
import { flatten } from "./flatten.ts";
import { textOf, typeNameOf } from "./text-forms.ts";

/** `Section/name`; only the first slash parts them, and a bare name stands in General. */
export function splitName(name: string): { section: string; name: string } {
  const at = name.indexOf("/");
  return at < 0 ? { section: "General", name } : { section: name.slice(0, at), name: name.slice(at + 1) };
}

/** A value as an item of a task; what was said of its type and meaning before stays. */
export function itemOf(section: string, name: string, value: unknown, before?: ParameterItem): ParameterItem {
  const type = before?.type || typeNameOf(value);
  return {
    section,
    name,
    value: textOf(value),
    ...(type === undefined ? {} : { type }),
    ...(before?.description === undefined ? {} : { description: before.description }),
  };
}

/** Items of what a caller names flat (`{ "Args/lr": 1 }`) or in groups (`{ Args: { lr: 1 } }`). */
export function itemsOf(values: object, known: ParameterSections): ParameterItem[] {
  return flatten(values).map(([path, value]) => {
    const { section, name } = splitName(path);
    return itemOf(section, name, value, known[section]?.[name]);
  });
}

/** The sections with these items put in. */
export function withItems(sections: ParameterSections, items: readonly ParameterItem[]): ParameterSections {
  const all: Record<string, Record<string, ParameterItem>> = {};
  for (const [section, known] of Object.entries(sections)) all[section] = { ...known };
  for (const item of items) (all[item.section] ??= {})[item.name] = item;
  return all;
}

export const allItems = (sections: ParameterSections): ParameterItem[] =>
  Object.entries(sections).flatMap(([section, items]) =>
    Object.entries(items).map(([name, item]) => ({ ...item, section, name, value: item.value ?? "" })),
  );
