import { mkdtempSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { parseHocon } from "../../base/hocon.ts";
import type { ConfigurationItem } from "../data.ts";
import { isPlain } from "../parameters/flatten.ts";

/** JSON is HOCON, which the official SDK reads dictionaries as. */
export function itemOfObject(name: string, object: object, description: string | undefined): ConfigurationItem {
  return { name, value: JSON.stringify(object, undefined, 2), type: "dictionary", ...(description === undefined ? {} : { description }) };
}

/** The text of a file as it is; its type is what stands behind the last point of its name. */
export async function itemOfFile(name: string, path: string, description: string | undefined): Promise<ConfigurationItem> {
  const type = extname(path).slice(1) || "file";
  return { name, value: await readFile(path, "utf8"), type, ...(description === undefined ? {} : { description }) };
}

/** What a configuration's text says: HOCON, JSON, or YAML where the type says so. Throws what its reader throws. */
export async function parseConfiguration({ value, type }: Pick<ConfigurationItem, "value" | "type">): Promise<unknown> {
  if (type === "yaml" || type === "yml") return (await import("yaml")).parse(value);
  return await parseHocon(value);
}

/** Replaces what is in an object or a list by what is in another. */
export function refill(object: object, content: unknown): void {
  if (Array.isArray(object)) object.splice(0, object.length, ...(Array.isArray(content) ? content : []));
  else {
    for (const key of Object.keys(object)) delete (object as Record<string, unknown>)[key];
    Object.assign(object, isPlain(content) ? content : {});
  }
}

/** The text as a new file beside no other; `extension` as that of the program's own file. */
export function asNewFile(text: string, extension: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "windlass-configuration-")), `clearml_task_config${extension}`);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
