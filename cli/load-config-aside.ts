import { spawn } from "node:child_process";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import type { ConfigFlags, LoadedConfig } from "../agent/config.ts";
import { WindlassError } from "../base/errors.ts";

export type AsideAnswer =
  | { readonly loaded: LoadedConfig }
  | { readonly error: { readonly message: string; readonly code: string; readonly hint: string | undefined } };

/**
 * Loads the configuration in a process that ends afterwards: the libraries that read YAML, HOCON and schemas would else stay
 * in the memory of an agent that never needs them again (a thread leaves a dozen MiB behind, too).
 */
export async function loadConfigAside(flags: ConfigFlags, env: NodeJS.ProcessEnv): Promise<LoadedConfig> {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const program = fileURLToPath(new URL(`./config-process.${extension}`, import.meta.url));
  const child = spawn(process.execPath, [program], { env, stdio: ["pipe", "pipe", "inherit"] });
  const failed = new Promise<never>((_resolve, reject) => child.once("error", reject));
  child.stdin.on("error", () => undefined);
  child.stdin.end(serialize(flags));
  return loadedOf(await Promise.race([buffer(child.stdout), failed]));
}

function loadedOf(bytes: Buffer): LoadedConfig {
  if (bytes.length === 0) throw new WindlassError("the configuration cannot be read: its reader ended", { code: "bad-config" });
  const answer = deserialize(bytes) as AsideAnswer;
  if ("loaded" in answer) return answer.loaded;
  throw new WindlassError(answer.error.message, { code: answer.error.code, hint: answer.error.hint });
}
