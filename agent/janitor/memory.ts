import { join } from "node:path";
import { readIfThere, writeFileDurably } from "../../base/files.ts";

/** What earlier passes saw, so that two passes may be two processes. Task → since when it was seen so in every pass, and its mark. */
export type Sightings = Readonly<Record<string, { readonly sinceMs: number; readonly mark: string }>>;

/** One memory for each server: a state folder may be pointed at another one. */
interface MemoryFile {
  readonly servers: Readonly<Record<string, Sightings>>;
}

const pathOf = (stateFolder: string): string => join(stateFolder, "janitor.json");

/** What cannot be read is forgotten: everything is then seen for the first time. */
export async function recall(stateFolder: string, server: string): Promise<Sightings> {
  return (await readMemory(stateFolder)).servers[server] ?? {};
}

export async function remember(stateFolder: string, server: string, sightings: Sightings): Promise<void> {
  const { servers } = await readMemory(stateFolder);
  await writeFileDurably(pathOf(stateFolder), JSON.stringify({ servers: { ...servers, [server]: sightings } }));
}

async function readMemory(stateFolder: string): Promise<MemoryFile> {
  const text = await readIfThere(pathOf(stateFolder));
  try {
    const memory = JSON.parse(text ?? "{}") as Partial<MemoryFile>;
    return { servers: memory.servers ?? {} };
  } catch {
    return { servers: {} };
  }
}
