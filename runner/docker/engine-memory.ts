import type Docker from "dockerode";
import { jsonLines } from "./image.ts";

interface EngineEvent {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string };
  /** Seconds since the epoch, by the engine's clock. */
  readonly time?: number;
}

/** So many events an engine keeps, in its memory only. */
const KEPT = 256;
/** A new engine that finds containers of the one before ends them before it answers anybody, in this time. */
const CLEARS_UP_SEC = 60;

/**
 * Whether the engine is another process than the one in which an ended container ran: it remembers neither the container's
 * start nor anything of the time before its end. Undefined: so much has happened since that it says nothing. Throws the engine's error.
 */
export async function isNewEngine(docker: Docker, { Id, State }: Docker.ContainerInspectInfo): Promise<boolean | undefined> {
  const { SystemTime } = (await docker.info()) as { SystemTime: string };
  const events = await eventsBetween(docker, seconds(State.StartedAt) - 1, seconds(SystemTime));
  const beforeItsEnd = seconds(State.FinishedAt) - CLEARS_UP_SEC;
  const isOfBefore = ({ Action, Actor, time = Infinity }: EngineEvent): boolean =>
    (Action === "start" && Actor?.ID === Id) || time < beforeItsEnd;
  if (events.some(isOfBefore)) return false;
  return events.length < KEPT ? true : undefined;
}

async function eventsBetween(docker: Docker, since: number, until: number): Promise<EngineEvent[]> {
  const range = { since: since.toFixed(3), until: until.toFixed(3) };
  const stream = await (docker.getEvents(range as object) as Promise<NodeJS.ReadableStream>);
  const events: EngineEvent[] = [];
  for await (const event of jsonLines<EngineEvent>(stream)) events.push(event);
  return events;
}

const seconds = (time: string): number => Date.parse(time) / 1000;
