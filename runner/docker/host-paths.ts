import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import type Docker from "dockerode";
import { RunError } from "../run-error.ts";
import { statusOf } from "./connection.ts";

/** Where the agent's own paths are for the engine: the same, unless the agent itself lives in a container. */
export type HostPaths = (path: string) => string;

interface OwnMount {
  readonly inside: string;
  readonly outside: string;
}

/** Looks at the agent's own container, if it is one, and translates through its mounts. */
export async function hostPaths(docker: Docker): Promise<HostPaths> {
  const id = await ownContainerId();
  if (id === undefined) return (path) => path;
  const mounts = await ownMounts(docker, id);
  if (mounts === undefined) return (path) => path;
  return (path) => {
    const mount = mounts
      .filter(({ inside }) => path === inside || path.startsWith(`${inside}/`))
      .toSorted((a, b) => b.inside.length - a.inside.length)[0];
    if (mount !== undefined) return mount.outside + path.slice(mount.inside.length);
    throw new RunError(
      "failed/engine",
      `the agent runs in a container and ${path} is not on a mount, so containers beside it cannot see it`,
      {
        hint: "Start the agent's container with its state folder mounted: -v /var/lib/windlass:/var/lib/windlass.",
      },
    );
  };
}

async function ownContainerId(): Promise<string | undefined> {
  const inContainer = await readFile("/.dockerenv").then(
    () => true,
    () => false,
  );
  if (!inContainer) return undefined;
  const mountInfo = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  return /\/containers\/([0-9a-f]{64})\//.exec(mountInfo)?.[1] ?? hostname();
}

async function ownMounts(docker: Docker, id: string): Promise<OwnMount[] | undefined> {
  try {
    const { Mounts } = await docker.getContainer(id).inspect();
    return Mounts.map((mount) => ({ inside: mount.Destination, outside: mount.Source }));
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
