import { cp, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LogEvent } from "../../api/wire/event.ts";
import type { Work } from "./work.ts";
import type { World } from "./world.ts";

/** Copies what explains a fault to where it outlives the scenario: the console's events, and the agents' runs. The folder's path. */
export async function keepEvidence(world: World, work: Work): Promise<string> {
  const folder = join(tmpdir(), `windlass-chaos-${process.pid}`, work.name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "events.json"), JSON.stringify(await eventsOf(world, work), null, 1));
  for (const agent of world.agents) {
    await writeFile(join(folder, `${agent.name}.log`), agent.log);
    await cp(join(agent.stateFolder, "runs"), join(folder, `${agent.name}-runs`), { recursive: true }).catch(() => undefined);
  }
  return folder;
}

async function eventsOf(world: World, { id }: Work): Promise<LogEvent[]> {
  const all: LogEvent[] = [];
  for (let from = -1; ; ) {
    const { events } = await world.product.events.log(id, { fromTimestampMs: from, batchSize: 2000 });
    const last = events.at(-1);
    if (last === undefined) return all;
    all.push(...events);
    from = last.timestamp;
  }
}
