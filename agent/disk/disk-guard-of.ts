import { systemClock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { EngineStore } from "../../runner/docker/engine-store.ts";
import type { Config } from "../config.ts";
import { DiskGuard } from "./disk-guard.ts";

/** The guard of an agent. What it needs of the engine is loaded when a run has needed the engine, or for a clean-up. */
export function diskGuardOf(config: () => Config, agentId: string, engineMade: () => boolean, logger: Logger): DiskGuard {
  const openStore = lazyStore(config, agentId);
  const { stateFolder, disk } = config();
  return new DiskGuard({
    stateFolder,
    limits: () => config().disk,
    schedule: disk.schedule,
    store: async () => (engineMade() ? await openStore().catch(() => undefined) : undefined),
    openStore,
    logger,
    clock: systemClock,
  });
}

function lazyStore(config: () => Config, agentId: string): () => Promise<EngineStore | undefined> {
  let store: Promise<EngineStore> | undefined;
  const open = async (): Promise<EngineStore> => {
    const { createEngineStore } = await import("../../runner/docker/engine-store.ts");
    return await createEngineStore(config().runSettings.docker.host, agentId);
  };
  return async () => {
    if (config().engine !== "docker") return undefined;
    store ??= open().catch((error: unknown) => {
      store = undefined;
      throw error;
    });
    return await store;
  };
}
