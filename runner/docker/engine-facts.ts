import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { messageOf } from "../../base/errors.ts";
import { buildEvents } from "./build-log.ts";
import { connect, forgiving } from "./connection.ts";
import { mountOf } from "./host-paths.ts";
import { inspectImage } from "./image.ts";
import { livesInContainer, type OwnMount, ownContainer } from "./own-container.ts";

/** What a person wants to know of an engine before trusting it with tasks. */
export interface EngineFacts {
  readonly version: string;
  readonly storageDriver: string;
  readonly cgroupVersion: string;
  readonly hasNvidia: boolean;
  readonly hasInit: boolean;
  /** Where its images and containers lie, on the engine's machine. */
  readonly rootFolder: string;
}

/** Throws RunError `failed/engine` when none answers. */
export async function engineFacts(host: string | undefined): Promise<EngineFacts> {
  const { docker, hasInit, hasNvidia } = await connect(host);
  const info = (await docker.info()) as Partial<Record<"ServerVersion" | "Driver" | "CgroupVersion" | "DockerRootDir", string>>;
  return {
    version: info.ServerVersion ?? "of unknown version",
    storageDriver: info.Driver ?? "unknown",
    cgroupVersion: info.CgroupVersion ?? "1",
    rootFolder: info.DockerRootDir ?? "/var/lib/docker",
    hasInit,
    hasNvidia,
  };
}

/** `here`, or `in the registry`, or why it is in neither. */
export async function whereImageIs(
  host: string | undefined,
  name: string,
): Promise<"here" | "in the registry" | { readonly neither: string }> {
  const { docker } = await connect(host);
  if ((await inspectImage(docker, name)) !== undefined) return "here";
  try {
    await docker.getImage(name).distribution();
    return "in the registry";
  } catch (error) {
    return { neither: messageOf(error) };
  }
}

/** Builds an image of nothing through BuildKit, and removes it; why that failed, or undefined. */
export async function buildKitFault(host: string | undefined, tag: string, signal: AbortSignal): Promise<string | undefined> {
  const { docker } = await connect(host);
  const folder = await mkdtemp(join(tmpdir(), "windlass-doctor-"));
  try {
    await writeFile(join(folder, "Dockerfile"), "FROM scratch\nLABEL windlass.doctor=1\n");
    const stream = await docker.buildImage({ context: folder, src: ["Dockerfile"] }, {
      t: tag,
      version: "2",
      abortSignal: signal,
    } as Docker.ImageBuildOptions);
    for await (const event of buildEvents(stream)) if (event.error !== undefined) return event.error;
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await forgiving(docker.getImage(tag).remove(), 404).catch(() => undefined);
  }
}

/** How an agent's folder reaches containers: `same paths`, the mount that it lies on, or not at all. */
export async function howShared(host: string | undefined, folder: string): Promise<"same paths" | "foreign engine" | OwnMount | undefined> {
  const { docker } = await connect(host);
  if (!(await livesInContainer())) return "same paths";
  const own = await ownContainer(docker);
  return own === undefined ? "foreign engine" : mountOf(folder, own);
}
