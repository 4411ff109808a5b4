export const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** The fields of an object by path: inner objects join their names with `/`, lists stay one value. Functions and `_hidden` names are left out. */
export function flatten(target: object, prefix = ""): [path: string, value: unknown][] {
  return Object.entries(target).flatMap(([name, value]): [string, unknown][] => {
    if (typeof value === "function" || name.startsWith("_")) return [];
    const isGroup = isPlain(value) && Object.keys(value).length > 0;
    return isGroup ? flatten(value, `${prefix}${name}/`) : [[`${prefix}${name}`, value]];
  });
}

/** Writes one field by its path. */
export function setAt(target: object, path: string, value: unknown): void {
  let at = target as Record<string, unknown>;
  const names = path.split("/");
  for (;;) {
    // A name may itself hold a slash.
    const whole = names.join("/");
    const [first = "", ...rest] = names;
    if (rest.length === 0 || whole in at || !isPlain(at[first])) {
      at[whole] = value;
      return;
    }
    at = at[first] as Record<string, unknown>;
    names.shift();
  }
}

/** The other way: `a/b` becomes a field `b` in `a`. */
export function unflatten(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(values)) {
    const names = path.split("/");
    const last = names.pop() ?? path;
    let at = tree;
    for (const name of names) at = (isPlain(at[name]) ? at[name] : (at[name] = {})) as Record<string, unknown>;
    at[last] = value;
  }
  return tree;
}
