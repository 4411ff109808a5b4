import { lstat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";

/** The raw path of a quoted one; undefined when the quoting is none. */
export function unquoted(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/**
 * Where a file of the wire lives on disk: below the folder, whatever the path says. Undefined for a path that would
 * leave it (`..`, NUL, a symbolic link on the way), or is the folder itself.
 */
export async function storedPath(root: string, wirePath: string): Promise<string | undefined> {
  const relative = wirePath.replace(/^\/+/, "");
  if (relative === "" || relative.includes("\0") || relative.split("/").includes("..")) return undefined;
  const path = resolve(root, relative);
  if (!path.startsWith(root + sep)) return undefined;
  return (await crossesLink(root, path)) ? undefined : path;
}

async function crossesLink(root: string, path: string): Promise<boolean> {
  const parts = path.slice(root.length + 1).split(sep);
  for (let depth = 1; depth <= parts.length; depth++) {
    const found = await lstat(join(root, ...parts.slice(0, depth))).catch(() => undefined);
    if (found === undefined) return false;
    if (found.isSymbolicLink()) return true;
  }
  return false;
}
