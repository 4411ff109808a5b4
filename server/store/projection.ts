import { ApiFault } from "../api-fault.ts";
import { isMap } from "../body.ts";
import type { Body } from "../endpoint.ts";
import type { Document, Kind } from "./documents.ts";
import { knownParts } from "./paths.ts";

/** What a caller wants to see of each document: `only_fields` or `projection`, dotted paths, `-path` = all but (clearml-tasks-events.md 2.9). */
export interface Projection {
  /** Top-level fields to read; undefined: all that are shown by default. */
  readonly fields: readonly string[] | undefined;
  apply(document: Document): Document;
}

/** The asked paths; a plain text is read letter by letter, as the official server does. Empty: no wish. */
export function pathsIn(body: Body): string[] {
  const given = body["projection"] ?? body["only_fields"] ?? [];
  if (typeof given === "string") return [...given];
  if (Array.isArray(given) && given.every((path) => typeof path === "string")) return given;
  throw new ApiFault(500, 0, "General server error (only_fields must be a list of strings)");
}

/** Exactly the asked paths, also without `id`. Exclusions count only where nothing is asked for. */
export function projectionOf(kind: Kind, paths: readonly string[]): Projection {
  const included = paths.filter((path) => !path.startsWith("-")).map((path) => knownParts(kind, path));
  const excluded = paths.filter((path) => path.startsWith("-")).map((path) => knownParts(kind, path.slice(1)));
  if (included.length === 0) {
    const tree = treeOf(excluded);
    return { fields: undefined, apply: (document) => (excluded.length === 0 ? document : (without(document, tree) as Document)) };
  }
  const tree = treeOf(included);
  return { fields: [...tree.keys()], apply: (document) => picked(document, tree) as Document };
}

/** Paths that begin alike, joined; the wider of two paths wins. `undefined`: all that is below. */
type Tree = Map<string, Tree | undefined>;

function treeOf(paths: readonly (readonly string[])[]): Tree {
  const tree: Tree = new Map();
  for (const parts of paths) addTo(tree, parts);
  return tree;
}

function addTo(tree: Tree, [first = "", ...rest]: readonly string[]): void {
  const below = tree.get(first);
  if (rest.length === 0) tree.set(first, undefined);
  else if (below !== undefined) addTo(below, rest);
  else if (!tree.has(first)) tree.set(first, treeOf([rest]));
}

/** Only what documents hold themselves is reached: a path may be called `constructor`, and means that parameter. */
function picked(value: unknown, tree: Tree | undefined): unknown {
  if (tree === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => picked(item, tree));
  if (!isMap(value)) return value;
  const names = [...tree.keys()].filter((name) => Object.hasOwn(value, name));
  return Object.fromEntries(names.map((name) => [name, picked(value[name], tree.get(name))]));
}

function without(value: unknown, tree: Tree): unknown {
  if (Array.isArray(value)) return value.map((item) => without(item, tree));
  if (!isMap(value)) return value;
  const left = Object.entries(value).filter(([name]) => !tree.has(name) || tree.get(name) !== undefined);
  return Object.fromEntries(
    left.map(([name, inner]) => {
      const below = tree.get(name);
      return [name, below === undefined ? inner : without(inner, below)];
    }),
  );
}
