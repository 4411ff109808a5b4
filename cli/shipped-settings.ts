import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { leavesOf } from "../agent/setting-origins.ts";

/** Every key of agent.config.yaml with its default as a person writes it: the file in the package, which says exactly the defaults. */
export async function shippedSettings(): Promise<[key: string, value: unknown][]> {
  return leavesOf(parse(await shippedText()));
}

/** Beside the sources in a checkout, one folder up in the built package. */
async function shippedText(): Promise<string> {
  const text = (place: string): Promise<string> => readFile(new URL(place, import.meta.url), "utf8");
  return await text("../agent.config.yaml").catch(() => text("../../agent.config.yaml"));
}
