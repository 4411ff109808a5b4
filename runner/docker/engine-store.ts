import { access } from "node:fs/promises";
import type Docker from "dockerode";
import { connect, forgiving, statusOf } from "./connection.ts";

/** What the engine keeps for us, and what it costs. */
export interface StoredThing {
  readonly kind: "image" | "build-cache";
  /** Of images the key of the environment, else the engine's id. */
  readonly name: string;
  readonly about: string;
  /** What its removal frees: layers that nothing else shares. */
  readonly bytes: number;
  readonly lastUsedMs: number;
  /** A container uses it, or a build. */
  readonly inUse: boolean;
  readonly reference: string;
}

/** Images with our label and BuildKit's records of our builds; the only things of an engine that a clean-up may touch. */
export interface EngineStore {
  /** The engine's folder, when it is on this machine. */
  root(): Promise<string | undefined>;
  list(): Promise<StoredThing[]>;
  /** False: somebody uses it. */
  remove(thing: StoredThing): Promise<boolean>;
  /** After the removals: BuildKit keeps the layers of images that are gone; what only they shared goes, too. */
  sweep(): Promise<void>;
}

/** Throws RunError `failed/engine` when no engine answers. */
export async function createEngineStore(host: string | undefined, agentId: string): Promise<EngineStore> {
  const { docker } = await connect(host);
  return new DockerStore(docker, agentId);
}

interface Usage {
  readonly Images?: readonly ImageUsage[] | null;
  readonly BuildCache?: readonly CacheUsage[] | null;
}

interface ImageUsage {
  readonly Id: string;
  readonly Created: number;
  readonly Containers: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly RepoTags: readonly string[] | null;
  readonly Size: number;
  readonly SharedSize: number;
}

interface CacheUsage {
  readonly ID: string;
  readonly Type: string;
  readonly Description: string;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly Size: number;
  readonly CreatedAt: string;
  readonly LastUsedAt: string | null;
}

/** The marks of our builds in BuildKit's descriptions (dockerfile.ts). */
const PIP_CACHE = /^cached mount \/tmp\/windlass-pip from exec /;
const BUILD_STEP = /^mount \/ from exec .*\/tmp\/windlass-build\//;

class DockerStore implements EngineStore {
  readonly #docker: Docker;
  readonly #agentId: string;
  #root: Promise<string | undefined> | undefined;
  /** Build steps that no image shared when the list was made. */
  #unshared: ReadonlySet<string> = new Set();

  constructor(docker: Docker, agentId: string) {
    this.#docker = docker;
    this.#agentId = agentId;
  }

  async root(): Promise<string | undefined> {
    this.#root ??= this.#findRoot().catch((error: unknown) => {
      this.#root = undefined;
      throw error;
    });
    return await this.#root;
  }

  async #findRoot(): Promise<string | undefined> {
    const { DockerRootDir } = (await this.#docker.info()) as { DockerRootDir?: string };
    if (DockerRootDir === undefined) return undefined;
    return await access(DockerRootDir).then(
      () => DockerRootDir,
      () => undefined,
    );
  }

  async list(): Promise<StoredThing[]> {
    const usage = (await this.#docker.df()) as Usage;
    this.#unshared = unsharedSteps(usage);
    const images = (usage.Images ?? []).filter((image) => image.Labels?.["windlass.agent"] === this.#agentId);
    return [...images.map(imageThing), ...(usage.BuildCache ?? []).flatMap(cacheThing)];
  }

  async remove(thing: StoredThing): Promise<boolean> {
    if (thing.kind === "build-cache") return await this.#pruneRecord(thing.reference);
    try {
      await forgiving(this.#docker.getImage(thing.reference).remove(), 404);
    } catch (error) {
      if (statusOf(error) === 409) return false;
      throw error;
    }
    return true;
  }

  async sweep(): Promise<void> {
    const now = unsharedSteps((await this.#docker.df()) as Usage);
    for (const id of now) if (!this.#unshared.has(id)) await this.#pruneRecord(id);
  }

  /**
   * Exactly this record: without its filter the call would empty the whole build cache of the engine. (dockerode's own
   * method drops every option, version 5.0.1.)
   */
  async #pruneRecord(id: string): Promise<boolean> {
    if (!/^\w+$/.test(id)) throw new Error(`"${id}" is not the id of a build cache record`);
    const query = { all: true, filters: { id: { [`^${id}$`]: true } } };
    const answer = await new Promise<{ CachesDeleted?: readonly string[] | null }>((resolve, reject) => {
      const request = { path: "/build/prune?", method: "POST", statusCodes: { 200: true }, options: { _query: query, _body: {} } };
      this.#docker.modem.dial(request as never, (error: unknown, data: unknown) =>
        error === null || error === undefined ? resolve(data as object) : reject(error),
      );
    });
    return (answer.CachesDeleted ?? []).includes(id);
  }
}

/** A shared record is a layer of an image: it counts there, and goes with it. */
function unsharedSteps({ BuildCache }: Usage): Set<string> {
  const steps = (BuildCache ?? []).filter((record) => BUILD_STEP.test(record.Description) && !record.Shared && !record.InUse);
  return new Set(steps.map(({ ID }) => ID));
}

function imageThing(image: ImageUsage): StoredThing {
  const tag = image.RepoTags?.find((name) => name.startsWith("windlass-env:"));
  const key = image.Labels?.["windlass.environment"] ?? image.Id;
  return {
    kind: "image",
    // An image without its tag was replaced by a newer one of the same key.
    name: tag === undefined ? image.Id : key,
    about: `${image.Labels?.["windlass.about"] ?? key}${tag === undefined ? " (replaced)" : ""}`,
    bytes: image.Size - Math.max(image.SharedSize, 0),
    lastUsedMs: image.Created * 1000,
    inUse: image.Containers > 0,
    reference: tag ?? image.Id,
  };
}

function cacheThing(record: CacheUsage): StoredThing[] {
  const isPip = record.Type === "exec.cachemount" && PIP_CACHE.test(record.Description);
  const isStep = record.Type === "regular" && BUILD_STEP.test(record.Description) && !record.Shared;
  if (!isPip && !isStep) return [];
  return [
    {
      kind: "build-cache",
      name: record.ID,
      about: isPip ? "packages that builds downloaded" : "a step of a build, without its image",
      bytes: record.Size,
      lastUsedMs: Date.parse(record.LastUsedAt ?? record.CreatedAt),
      inUse: record.InUse,
      reference: record.ID,
    },
  ];
}
