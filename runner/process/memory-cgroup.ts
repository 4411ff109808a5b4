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

export async function createMemoryCgroup(runId: string, limitBytes: number): Promise<MemoryCgroup | undefined> {
  return (await createV1(runId, limitBytes)) ?? (await createV2(runId, limitBytes));
}

async function createV1(runId: string, limitBytes: number): Promise<MemoryCgroup | undefined> {
  const own = await ownPath(/^\d+:[^:]*\bmemory\b[^:]*:(.*)$/m);
  if (own === undefined) return undefined;
  const folder = join("/sys/fs/cgroup/memory", own, `windlass-${runId}`);
  const made = await make(
    folder,
    [
      ["memory.limit_in_bytes", limitBytes],
      ["memory.memsw.limit_in_bytes", limitBytes],
    ],
    "memory.limit_in_bytes",
  );
  return made ? cgroupAt(folder, "memory.oom_control") : undefined;
}

async function createV2(runId: string, limitBytes: number): Promise<MemoryCgroup | undefined> {
  const own = await ownPath(/^0::(.*)$/m);
  if (
    own === undefined ||
    !(await access("/sys/fs/cgroup/cgroup.controllers").then(
      () => true,
      () => false,
    ))
  )
    return undefined;
  const folder = join("/sys/fs/cgroup", own, "..", `windlass-${runId}`);
  const made = await make(
    folder,
    [
      ["memory.max", limitBytes],
      ["memory.swap.max", 0],
    ],
    "memory.max",
  );
  return made ? cgroupAt(folder, "memory.events") : undefined;
}

async function ownPath(pattern: RegExp): Promise<string | undefined> {
  return pattern.exec(await readFile("/proc/self/cgroup", "utf8").catch(() => ""))?.[1];
}

/** The limit itself must hold; a limit of swap may be missing on this kernel. */
async function make(folder: string, values: readonly (readonly [string, number])[], needed: string): Promise<boolean> {
  try {
    await mkdir(folder);
  } catch {
    return false;
  }
  for (const [name, value] of values) {
    const written = await writeFile(join(folder, name), String(value)).then(
      () => true,
      () => false,
    );
    if (written || name !== needed) continue;
    await rmdir(folder).catch(() => undefined);
    return false;
  }
  return true;
}

function cgroupAt(folder: string, eventsFile: string): MemoryCgroup {
  return {
    procsFile: join(folder, "cgroup.procs"),
    eventsFile: join(folder, eventsFile),
    remove: () => rmdir(folder).catch(() => undefined),
  };
}
