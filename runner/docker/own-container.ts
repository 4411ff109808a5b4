import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import type Docker from "dockerode";
import { statusOf } from "./connection.ts";

/** One mount of the agent's own container: where it is inside, and where the engine finds it. */
export interface OwnMount {
  readonly inside: string;
  /** A path of the engine's machine; undefined when there is none (tmpfs, a volume of a driver without a folder). */
  readonly outside: string | undefined;
  readonly kind: "bind" | "volume" | "other";
  /** A volume without a name of its own: it is lost with the container. */
  readonly anonymous: boolean;
}

export interface OwnContainer {
  readonly id: string;
  readonly mounts: readonly OwnMount[];
}

/** Files that Docker (`.dockerenv`) and Podman (`.containerenv`) put into every container. */
const MARKS = ["/.dockerenv", "/run/.containerenv"];

/** Whether this process lives in a container: a look at files, no engine is asked. */
export async function livesInContainer(): Promise<boolean> {
  const found = await Promise.all(MARKS.map((path) => textOf(path)));
  return found.some((text) => text !== undefined);
}

/** The agent's own container as this engine knows it; undefined: no container, or one that another engine runs. */
export async function ownContainer(docker: Docker): Promise<OwnContainer | undefined> {
  if (!(await livesInContainer())) return undefined;
  const told = containerIdIn(await ownFiles());
  const facts = await inspected(docker, told ?? hostname());
  // A host's name may be the name of some container: only the beginning of an id counts.
  if (facts === undefined || (told === undefined && !facts.Id.startsWith(hostname()))) return undefined;
  return { id: facts.Id, mounts: facts.Mounts.map(ownMount) };
}

/**
 * The id in what the kernel and the engine tell a container about itself. `/etc/hostname` and its two relatives are mounted
 * from the container's own folder, whatever its host name and network; cgroup v2 tells nothing, other mounts may be another's.
 */
export function containerIdIn(files: {
  readonly mountInfo: string;
  readonly cgroup: string;
  readonly containerEnv: string;
}): string | undefined {
  const own = files.mountInfo.split("\n").filter((line) => /^\/etc\/(hostname|hosts|resolv\.conf)$/.test(line.split(" ")[4] ?? ""));
  const mounted = own.map((line) => /\/(?:overlay-)?containers\/([0-9a-f]{64})\//.exec(line.split(" ")[3] ?? "")?.[1]);
  return (
    mounted.find((id) => id !== undefined) ??
    /^id="?([0-9a-f]{64})"?$/m.exec(files.containerEnv)?.[1] ??
    /^\d+:[^:]*:.*\b([0-9a-f]{64})(?:\.scope)?$/m.exec(files.cgroup)?.[1]
  );
}

async function ownFiles(): Promise<{ mountInfo: string; cgroup: string; containerEnv: string }> {
  const paths = ["/proc/self/mountinfo", "/proc/self/cgroup", "/run/.containerenv"];
  const [mountInfo = "", cgroup = "", containerEnv = ""] = await Promise.all(paths.map(async (path) => (await textOf(path)) ?? ""));
  return { mountInfo, cgroup, containerEnv };
}

async function inspected(docker: Docker, id: string): Promise<Docker.ContainerInspectInfo | undefined> {
  try {
    return await docker.getContainer(id).inspect();
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

function ownMount(mount: Docker.ContainerInspectInfo["Mounts"][number]): OwnMount {
  const outside = (mount.Source ?? "") === "" ? undefined : mount.Source;
  const kind = mount.Type === "bind" || mount.Type === "volume" ? mount.Type : "other";
  return { inside: mount.Destination, outside, kind, anonymous: kind === "volume" && /^[0-9a-f]{64}$/.test(mount.Name ?? "") };
}

async function textOf(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}
