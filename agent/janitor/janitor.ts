import { join } from "node:path";
import { type Clock, jittered, MINUTE_MS, SECOND_MS } from "../../base/clock.ts";
import { messageOf } from "../../base/errors.ts";
import { withFileLock } from "../../base/file-lock.ts";
import { ensurePrivateFolder } from "../../base/files.ts";
import type { Logger } from "../../base/logger.ts";
import { formatDuration } from "../../base/units.ts";
import type { Client } from "../client.ts";
import { type LostTask, type Search, searchLostTasks } from "./lost-tasks.ts";
import { recall, remember, type Sightings } from "./memory.ts";
import { offer } from "./offer.ts";

export interface JanitorDeps {
  readonly client: Client;
  readonly server: string;
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/** What a pass did about one lost task, and why. */
export interface LostTaskReport {
  readonly task: string;
  readonly name: string;
  readonly queue: string | undefined;
  readonly verdict: "offered" | "would be offered" | "waiting" | "left alone";
  readonly why: string;
}

export interface PassReport {
  readonly queued: number;
  readonly lost: readonly LostTaskReport[];
}

/** A task must be seen lost and unchanged for so long, in every pass, two at least. */
export const APART_MS = 10 * MINUTE_MS;

/** One pass: looks, remembers, and offers what was seen so before (unless `dryRun`). Passes of several processes wait for each other. */
export async function janitorPass(deps: JanitorDeps, dryRun: boolean): Promise<PassReport> {
  await ensurePrivateFolder(deps.stateFolder);
  return await withFileLock(join(deps.stateFolder, "janitor.lock"), () => pass(deps, dryRun), { signal: deps.signal });
}

async function pass(deps: JanitorDeps, dryRun: boolean): Promise<PassReport> {
  const { client, server, stateFolder, clock, signal } = deps;
  const before = await recall(stateFolder, server);
  const search = await searchLostTasks(client, signal);
  const seen = sightings(search, before, clock.now());
  await remember(stateFolder, server, seen);
  const lost: LostTaskReport[] = [];
  for (const task of search.lost) lost.push(await settled(task, { search, before, seen, dryRun }, deps));
  return { queued: search.queued, lost };
}

/** Only what is lost now stays in memory; what changed since, or lies in the future of a clock that was set back, counts from now. */
function sightings({ lost, workers }: Search, before: Sightings, nowMs: number): Sightings {
  const free = lost.filter((task) => !workers.has(task.id));
  return Object.fromEntries(
    free.map(({ id, mark }) => {
      const known = before[id];
      const holds = known !== undefined && known.mark === mark && known.sinceMs <= nowMs;
      return [id, { mark, sinceMs: holds ? known.sinceMs : nowMs }];
    }),
  );
}

interface Knowledge {
  readonly search: Search;
  readonly before: Sightings;
  readonly seen: Sightings;
  readonly dryRun: boolean;
}

async function settled(task: LostTask, { search, before, seen, dryRun }: Knowledge, deps: JanitorDeps): Promise<LostTaskReport> {
  const queue = task.queue === undefined ? undefined : search.queues.get(task.queue);
  const report = (verdict: LostTaskReport["verdict"], why: string): LostTaskReport => ({
    task: task.id,
    name: task.name,
    queue: queue?.name,
    verdict,
    why,
  });
  const worker = search.workers.get(task.id);
  if (worker !== undefined) return report("left alone", `the worker ${worker} names it`);
  if (queue === undefined)
    return report("left alone", task.queue === undefined ? "it names no queue" : `its queue ${task.queue} was deleted`);
  const sinceMs = seen[task.id]?.sinceMs ?? deps.clock.now();
  const lostForMs = deps.clock.now() - sinceMs;
  if (lostForMs < APART_MS) return report("waiting", waitingFor(before[task.id], task, lostForMs));
  if (dryRun) return report("would be offered", `in no queue for ${formatDuration(lostForMs)} at least`);
  const refusal = await offer(task, queue.id, deps.client, deps.signal);
  return refusal === undefined
    ? report("offered", `in no queue for ${formatDuration(lostForMs)} at least; now at the front of ${queue.name}`)
    : report("left alone", refusal);
}

function waitingFor(known: Sightings[string] | undefined, task: LostTask, lostForMs: number): string {
  if (known === undefined) return "seen for the first time";
  if (known.mark !== task.mark) return "changed since the pass before: seen anew";
  return `seen so for ${formatDuration(lostForMs)} of ${formatDuration(APART_MS)}`;
}

/** A pass reads all queued tasks: more often than this it would be a load on the server, and find nothing more. */
export const LEAST_EVERY_MS = SECOND_MS;

/** Passes for ever, the first one soon; a server that is away is tried again at the next pass. Ends with the signal. */
export async function keepTidy(deps: JanitorDeps & { signal: AbortSignal }, wantedMs: number, logger: Logger): Promise<void> {
  const everyMs = Math.max(wantedMs, LEAST_EVERY_MS);
  const { clock, signal } = deps;
  for (let waitMs = Math.min(everyMs, 30 * SECOND_MS); ; waitMs = everyMs) {
    await clock.sleep(jittered(waitMs), signal).catch(() => undefined);
    if (signal.aborted) return;
    await janitorPass(deps, false).then(
      ({ lost }) => tellLog(lost, logger),
      (error: unknown) => signal.aborted || logger.warn({ why: messageOf(error) }, "the janitor could not look for lost tasks"),
    );
  }
}

function tellLog(lost: readonly LostTaskReport[], logger: Logger): void {
  for (const { verdict, why, ...task } of lost) {
    if (verdict === "offered") logger.warn({ ...task, why }, "a lost task was put back");
    else logger.debug({ ...task, verdict, why }, "a lost task");
  }
}
