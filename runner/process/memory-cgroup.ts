import { access, mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A cgroup of a run's own, where this agent may make one (v2, or v1's memory hierarchy): a memory limit, and who was killed by it. */
export interface MemoryCgroup {
  /** A process writes its pid there to enter. */
  readonly procsFile: string;
  /** Counts what the kernel killed in it for memory. */
  readonly eventsFile: string;
  remove(): Promise<void>;
}

/** Where a run's cgroup is, and what its files are called in this version. */
interface Place {
  readonly folder: string;
  readonly limitFile: string;
  readonly limits: (limitBytes: number) => readonly (readonly [string, number])[];
  readonly eventsFile: string;
}

export async function createMemoryCgroup(runId: string, limitBytes: number): Promise<MemoryCgroup | undefined> {
  for (const place of await placesOf(runId)) if (await make(place, limitBytes)) return cgroupAt(place);
  return undefined;
}

/** The cgroup that an earlier agent process made for this run, if there is one. */
export async function openMemoryCgroup(runId: string): Promise<MemoryCgroup | undefined> {
  for (const place of await placesOf(runId)) if (await isThere(place.folder)) return cgroupAt(place);
  return undefined;
}

async function placesOf(runId: string): Promise<Place[]> {
  const places = [await placeV1(runId), await placeV2(runId)];
  return places.filter((place) => place !== undefined);
}

async function placeV1(runId: string): Promise<Place | undefined> {
  const own = await ownPath(/^\d+:[^:]*\bmemory\b[^:]*:(.*)$/m);
  if (own === undefined) return undefined;
  return {
    folder: join("/sys/fs/cgroup/memory", own, `windlass-${runId}`),
    limitFile: "memory.limit_in_bytes",
    limits: (bytes) => [
      ["memory.limit_in_bytes", bytes],
      ["memory.memsw.limit_in_bytes", bytes],
    ],
    eventsFile: "memory.oom_control",
  };
}

async function placeV2(runId: string): Promise<Place | undefined> {
  const own = await ownPath(/^0::(.*)$/m);
  if (own === undefined || !(await isThere("/sys/fs/cgroup/cgroup.controllers"))) return undefined;
  return {
    folder: join("/sys/fs/cgroup", own, "..", `windlass-${runId}`),
    limitFile: "memory.max",
    limits: (bytes) => [
      ["memory.max", bytes],
      ["memory.swap.max", 0],
    ],
    eventsFile: "memory.events",
  };
}

async function ownPath(pattern: RegExp): Promise<string | undefined> {
  return pattern.exec(await readFile("/proc/self/cgroup", "utf8").catch(() => ""))?.[1];
}

/** The limit itself must hold; a limit of swap may be missing on this kernel. */
async function make({ folder, limits, limitFile }: Place, limitBytes: number): Promise<boolean> {
  try {
    await mkdir(folder);
  } catch {
    return false;
  }
  for (const [name, value] of limits(limitBytes)) {
    const written = await writeFile(join(folder, name), String(value)).then(
      () => true,
      () => false,
    );
    if (written || name !== limitFile) continue;
    await rmdir(folder).catch(() => undefined);
    return false;
  }
  return true;
}

function cgroupAt({ folder, eventsFile }: Place): MemoryCgroup {
  return {
    procsFile: join(folder, "cgroup.procs"),
    eventsFile: join(folder, eventsFile),
    remove: () => rmdir(folder).catch(() => undefined),
  };
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
