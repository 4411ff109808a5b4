import { buffer } from "node:stream/consumers";
import { deserialize, serialize } from "node:v8";
import type { ConfigFlags } from "../agent/config.ts";
import { loadConfig } from "../agent/load-config.ts";
import { codeOf, messageOf, WindlassError } from "../base/errors.ts";
import type { AsideAnswer } from "./load-config-aside.ts";

/** The program of `load-config-aside.ts`: flags come in on standard input, the configuration or its error goes out. */
async function answer(): Promise<AsideAnswer> {
  try {
    return { loaded: await loadConfig(deserialize(await buffer(process.stdin)) as ConfigFlags, process.env) };
  } catch (error) {
    const hint = error instanceof WindlassError ? error.hint : undefined;
    return { error: { message: messageOf(error), code: codeOf(error) ?? "bad-config", hint } };
  }
}

process.stdout.write(serialize(await answer()));
