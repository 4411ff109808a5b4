import { posix } from "node:path";
import type { Store } from "../store/store.ts";
import { unquoted } from "./stored-path.ts";

/**
 * Every path on the file server that an address may mean: one file has several addresses (quoted in one way or another, by the
 * port of the web app, through a relay), and a `#` or `?` may be part of a name.
 */
export function pathsOf(url: string): string[] {
  const whole = /^https?:\/\/[^/?#]*\/(.*)$/is.exec(url)?.[1];
  if (whole === undefined) return [];
  const readings = [whole, whole.split(/[?#]/)[0] ?? ""].flatMap((text) => [text, unquoted(text) ?? text]);
  return [...new Set(readings.flatMap((path) => [path, path.replace(/^\/*files\//, "")]).map(normal))];
}

/** One spelling of a path. */
export const normal = (path: string): string => posix.normalize(`/${path}`);

/** Which of the paths a model or an artifact names that is still there. In slices: the store answers others meanwhile. */
export async function namedPaths(store: Store, paths: ReadonlySet<string>): Promise<Set<string>> {
  const found = new Set<string>();
  for (const table of ["models", "tasks"]) {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const slice: { urls: string[]; last?: number } = await store.internal("internal.named_files", { table, after });
      for (const path of slice.urls.flatMap(pathsOf)) if (paths.has(path)) found.add(path);
      after = slice.last;
    }
  }
  return found;
}
