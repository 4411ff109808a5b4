import { setTimeout as pause } from "node:timers/promises";
import type { SeededRandom } from "../support/random.ts";
import type { Work } from "./work.ts";
import { patiently, type World } from "./world.ts";

/** Aborts what is meant to be aborted, each at some moment after its program has started. Ends when all are, or when told to. */
export async function abortAsMeant(world: World, all: readonly Work[], random: SeededRandom, signal: AbortSignal): Promise<void> {
  const left = new Set(all.filter((work) => work.ending === "aborted"));
  while (left.size > 0 && !signal.aborted) {
    const notes = await world.notes();
    for (const work of left) {
      if (!notes.has(work.name)) continue;
      left.delete(work);
      void abortLater(world, work, random.between(100, 2000));
    }
    await pause(100);
  }
}

async function abortLater(world: World, work: Work, afterMs: number): Promise<void> {
  await pause(afterMs);
  await patiently(() => world.product.session.call("tasks.stop", { task: work.id, status_reason: "by a person" }));
}
