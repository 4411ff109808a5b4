/** What was set, by key of agent.config.yaml and in that file's own units, and where each value came from. */
export class SettingOrigins {
  readonly origins: Record<string, string> = {};
  readonly values: Record<string, unknown> = {};

  /** A later note of the same key replaces an earlier one. */
  note(key: string, value: unknown, origin: string): void {
    this.origins[key] = origin;
    this.values[key] = value;
  }

  /** Every value that a file sets. */
  noteTree(tree: unknown, origin: string): void {
    for (const [key, value] of leavesOf(tree)) if (value !== null) this.note(key, value, origin);
  }
}

/** `{a: {b: 1}}` → `a.b`, 1; lists and empty maps are values. */
export function leavesOf(tree: unknown, prefix = ""): [key: string, value: unknown][] {
  const isBranch = typeof tree === "object" && tree !== null && !Array.isArray(tree) && (prefix === "" || Object.keys(tree).length > 0);
  if (!isBranch) return [[prefix, tree]];
  return Object.entries(tree).flatMap(([key, value]) => leavesOf(value, prefix === "" ? key : `${prefix}.${key}`));
}
