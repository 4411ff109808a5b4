import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { RunError } from "../run-error.ts";
import type { OwnContainer, OwnMount } from "./own-container.ts";

/** Where the agent's own paths are for the engine: the same, unless the agent itself lives in a container. */
export type HostPaths = (path: string) => string;

/**
 * Translates through the mounts of the agent's own container, if it lives in one: a bind mount to its source, a volume to its
 * folder on the engine's machine (engines before 26 cannot mount a part of a volume). Inside, containers see the agent's own paths.
 */
export function hostPaths(own: OwnContainer | undefined): HostPaths {
  return own === undefined ? (path) => path : (path) => translated(path, own);
}

/** The mount that a path of the agent's container lies on. */
export function mountOf(path: string, own: OwnContainer): OwnMount | undefined {
  const holds = ({ inside }: OwnMount): boolean => inside === "/" || path === inside || path.startsWith(`${inside}/`);
  return own.mounts.filter(holds).toSorted((a, b) => b.inside.length - a.inside.length)[0];
}

function translated(path: string, own: OwnContainer): string {
  const mount = mountOf(path, own);
  if (mount?.outside !== undefined) return join(mount.outside, path.slice(mount.inside.length));
  const why = mount === undefined ? "is not on a mount" : `is on a mount (${mount.inside}) that has no folder on the engine's machine`;
  throw new RunError("failed/engine", `the agent runs in a container and ${path} ${why}, so containers beside it cannot see it`, {
    hint: "Start the agent's container with its state folder mounted: -v /var/lib/windlass:/var/lib/windlass, or -v windlass:/var/lib/windlass.",
  });
}

/** A CA bundle inside the agent's image is no file of the engine's machine: containers get a copy in the state folder. */
export async function withSharedBundle(paths: HostPaths, bundle: string | undefined, stateFolder: string): Promise<HostPaths> {
  if (bundle === undefined || isShared(bundle, paths)) return paths;
  const copy = join(stateFolder, "ca.pem");
  await copyFile(bundle, copy);
  return (path) => paths(path === bundle ? copy : path);
}

function isShared(path: string, paths: HostPaths): boolean {
  try {
    paths(path);
    return true;
  } catch {
    return false;
  }
}
