import { parentPort, workerData } from "node:worker_threads";
import type { ConfigFlags } from "../agent/config.ts";
import { loadConfig } from "../agent/load-config.ts";
import { codeOf, messageOf, WindlassError } from "../base/errors.ts";

/** The thread of `load-config-aside.ts`: one message, then it ends. */
const { flags, env } = workerData as { flags: ConfigFlags; env: NodeJS.ProcessEnv };
try {
  parentPort?.postMessage({ loaded: await loadConfig(flags, env) });
} catch (error) {
  const hint = error instanceof WindlassError ? error.hint : undefined;
  parentPort?.postMessage({
    error: { message: messageOf(error), code: codeOf(error) ?? "bad-config", ...(hint === undefined ? {} : { hint }) },
  });
}
