import { Worker } from "node:worker_threads";
import type { ConfigFlags, LoadedConfig } from "../agent/config.ts";
import { WindlassError } from "../base/errors.ts";

/**
 * Loads the configuration in a thread that ends afterwards: the libraries that read YAML, HOCON and schemas would else stay
 * in the memory of an agent that never needs them again.
 */
export async function loadConfigAside(flags: ConfigFlags, env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./config-thread.${extension}`, import.meta.url), {
    workerData: { flags, env: { ...env } },
    env: { ...env } as Record<string, string>,
  });
  return await new Promise((resolve, reject) => {
    worker.once("message", (message: { loaded?: LoadedConfig; error?: { message: string; code: string; hint?: string } }) => {
      if (message.loaded !== undefined) resolve(message.loaded);
      else
        reject(
          new WindlassError(message.error?.message ?? "the configuration cannot be read", {
            code: message.error?.code ?? "bad-config",
            hint: message.error?.hint,
          }),
        );
    });
    worker.once("error", reject);
  });
}
