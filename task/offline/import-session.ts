import { basename } from "node:path";
import type { Connection } from "../connection/connection.ts";
import type { ArtifactData } from "../data.ts";
import { partOf } from "../storage/stored-paths.ts";
import type { OpenedSession } from "./opened-session.ts";

/** The task of the server that a session becomes. */
export interface SessionTarget {
  readonly id: string;
  readonly connection: Connection;
  /** Stores a file of the task; its address. */
  readonly store: (path: string, file: string) => Promise<string>;
}

const BATCH = 2_000;

/** Files first, then console and reports; `iterationOffset` is added to what has an iteration. */
export async function importSession(session: OpenedSession, target: SessionTarget, iterationOffset: number): Promise<void> {
  await importArtifacts(session, target);
  await send(
    target,
    session.events("log").map((event) => ({ ...event, task: target.id })),
  );
  const own = session.events("metrics").filter(({ task }) => task === session.task["id"]);
  const moved = own.map((event) => ({
    ...event,
    task: target.id,
    ...("iter" in event ? { iter: Number(event["iter"]) + iterationOffset } : {}),
  }));
  await send(target, await Promise.all(moved.map(async (event) => await withStoredFile(event, session, target))));
}

async function importArtifacts(session: OpenedSession, { id, connection, store }: SessionTarget): Promise<void> {
  const { artifacts = [] } = (session.task["execution"] ?? {}) as { artifacts?: ArtifactData[] };
  if (artifacts.length === 0) return;
  const stored = artifacts.map(async (artifact) => {
    const file = session.file(artifact.uri ?? "");
    if (file === undefined) return artifact;
    return { ...artifact, uri: await store(`artifacts/${partOf(artifact.key)}/${basename(file)}`, file) };
  });
  await connection.call("tasks.add_or_update_artifacts", { task: id, artifacts: await Promise.all(stored), force: true });
}

/** Images lie in the session: they are stored, and the event gets the new address. */
async function withStoredFile(
  event: Readonly<Record<string, unknown>>,
  session: OpenedSession,
  { id, store }: SessionTarget,
): Promise<object> {
  const file = session.file(String(event["url"] ?? ""));
  if (event["type"] !== "training_debug_image" || file === undefined) return event;
  const url = await store(`metrics/${partOf(String(event["metric"]))}/${partOf(String(event["variant"]))}/${basename(file)}`, file);
  return { ...event, key: String(event["key"]).replace(`.${session.task["id"]}/`, `.${id}/`), url };
}

async function send({ connection }: SessionTarget, events: readonly object[]): Promise<void> {
  for (let at = 0; at < events.length; at += BATCH) {
    const batch = events.slice(at, at + BATCH);
    await connection.callLines("events.add_batch", batch.map((event) => JSON.stringify(event)).join("\n"));
  }
}
