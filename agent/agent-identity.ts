import { readFile, realpath, rename, stat, statfs } from "node:fs/promises";
import { join, relative } from "node:path";
import { codeOf } from "../base/errors.ts";
import { readIfThere, writeFileDurably } from "../base/files.ts";
import { newId } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import { livesInContainer } from "../runner/docker/own-container.ts";

/** Where a state folder was when its agent last said who it is. */
export interface Home {
  /** /etc/machine-id; undefined where there is none, and in a container, which may get another one with each start. */
  readonly machine?: string | undefined;
  readonly path: string;
  /** Its path within its file system: the same for a machine and for a container in which it is mounted. */
  readonly place: string;
  /** Number of the folder in its file system, which a copy at the same path has not; undefined where such numbers change. */
  readonly inode?: number | undefined;
  /** When the folder was made, in nanoseconds: a number that became free is given to the next folder. Undefined where it is not known. */
  readonly born?: string | undefined;
}

interface Known {
  readonly id: string;
  /** Undefined in files of before. */
  readonly home?: Home;
}

/**
 * The random id of a state folder; on every label. A copy of a folder is another agent: it takes a new id and leaves the
 * records, whose runs are the other one's. A folder that was moved stays the agent that it was.
 */
export async function agentIdOf(folder: string, logger: Logger): Promise<string> {
  const path = join(folder, "agent.json");
  const [known, home] = await Promise.all([knownIn(folder), homeOf(folder)]);
  if (known !== undefined && isSame(known.home, home)) return known.id;
  const isCopied = known !== undefined && (await isCopy(known, home));
  if (isCopied) await leaveRecords(folder, known, logger);
  const id = known === undefined || isCopied ? newId() : known.id;
  await writeFileDurably(path, JSON.stringify({ id, home }));
  return id;
}

/**
 * What came back from a copy to where it was (a backup, a volume that was brought to another machine) tells of runs as they were
 * when it was made. What looks like another machine is one: whether the first one is still there cannot be seen from here. No more can be seen
 * from inside a container than that another volume is mounted at the same path.
 */
export async function isCopy({ id, home: was }: Known, now: Home): Promise<boolean> {
  if (was === undefined) return false;
  const areMachines = was.machine !== undefined && now.machine !== undefined;
  if (areMachines && was.machine !== now.machine) return true;
  if (was.place === now.place) return differs(was.inode, now.inode) || differs(was.born, now.born);
  if (was.path === now.path) return !areMachines;
  // What may not be read is there, and somebody else's.
  return (await idIn(was.path).catch(() => id)) === id;
}

const differs = (was: unknown, now: unknown): boolean => was !== undefined && now !== undefined && was !== now;

/** Undefined: no agent has been in this folder. */
export async function idIn(folder: string): Promise<string | undefined> {
  return (await knownIn(folder))?.id;
}

async function leaveRecords(folder: string, { id, home }: Known, logger: Logger): Promise<void> {
  const left = join(folder, `journal-of-${id}-${newId().slice(0, 8)}`);
  await rename(join(folder, "journal"), left).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
  });
  logger.warn(
    { folder, from: home?.path, records: left },
    "the state folder is a copy of another agent's: this agent is a new one, and leaves that one's runs alone",
  );
}

const isSame = (was: Home | undefined, now: Home): boolean =>
  was?.machine === now.machine && was?.path === now.path && was.place === now.place && was.inode === now.inode && was.born === now.born;

/** Undefined: the file is not there, or a power cut left it torn. */
async function knownIn(folder: string): Promise<Known | undefined> {
  const text = (await readIfThere(join(folder, "agent.json"))) ?? "";
  try {
    const known = JSON.parse(text) as Partial<Known> | null;
    return typeof known?.id === "string" && known.id !== "" ? (known as Known) : undefined;
  } catch {
    return undefined;
  }
}

async function homeOf(folder: string): Promise<Home> {
  const path = await realpath(folder);
  const [mounts, machine, inContainer] = await Promise.all([textOf("/proc/self/mountinfo"), textOf("/etc/machine-id"), livesInContainer()]);
  const id = /^[0-9a-f]{32}$/m.exec(machine)?.[0];
  return { ...(inContainer || id === undefined ? {} : { machine: id }), path, place: placeIn(mounts, path), ...(await numberOf(path)) };
}

const OVERLAY = 0x794c7630;

/** An overlay may number its folders anew with each start of its container. Where the time of birth is not kept, that of the last change stands for it. */
async function numberOf(path: string): Promise<Pick<Home, "inode" | "born">> {
  const [{ ino, birthtimeNs, ctimeNs }, { type }] = await Promise.all([stat(path, { bigint: true }), statfs(path)]);
  if (type >>> 0 === OVERLAY) return {};
  return { inode: Number(ino), ...(birthtimeNs === 0n || birthtimeNs === ctimeNs ? {} : { born: String(birthtimeNs) }) };
}

/** From the text of /proc/self/mountinfo: the root of the mount that holds the path, and the way from there. */
export function placeIn(mounts: string, path: string): string {
  const found = mounts
    .split("\n")
    .map((line) => line.split(" "))
    .map(([, , , root = "", point = ""]) => ({ root: unescaped(root), point: unescaped(point) }))
    .filter(({ point }) => point !== "" && `${path}/`.startsWith(point === "/" ? "/" : `${point}/`))
    .reduce<{ root: string; point: string } | undefined>(
      (best, one) => (best !== undefined && best.point.length > one.point.length ? best : one),
      undefined,
    );
  return found === undefined ? path : join(found.root, relative(found.point, path));
}

/** The kernel writes blanks as `\040`. */
const unescaped = (word: string): string =>
  word.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));

const textOf = async (path: string): Promise<string> => await readFile(path, "utf8").catch(() => "");
