import { get } from "node:http";
import type { RunError } from "../run-error.ts";
import { limitMs, silence } from "./call-limits.ts";
import { noEngine } from "./no-engine.ts";

const PING = "GET /_ping";
const DEFAULT_SOCKET = "/var/run/docker.sock";

/**
 * Whether an engine answers at that address; undefined when it does. At a socket it is asked without the engine's library,
 * which would stay in the memory of an agent that only waits.
 */
export async function engineFault(host: string | undefined): Promise<RunError | undefined> {
  const address = host ?? process.env["DOCKER_HOST"] ?? "";
  try {
    await (socketOf(address) === undefined ? pingByLibrary(host) : pingSocket(socketOf(address) ?? ""));
    return undefined;
  } catch (error) {
    return noEngine(host, error);
  }
}

function socketOf(address: string): string | undefined {
  if (address === "") return DEFAULT_SOCKET;
  if (address.startsWith("unix://")) return address.slice("unix://".length);
  return address.startsWith("/") ? address : undefined;
}

function pingSocket(socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path: "/_ping", agent: false }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`it answers ${response.statusCode}`));
    }).on("error", reject);
    const limit = setTimeout(() => request.destroy(silence(PING)), limitMs(PING)).unref();
    request.once("close", () => clearTimeout(limit));
  });
}

async function pingByLibrary(host: string | undefined): Promise<void> {
  const { dockerAt } = await import("./connection.ts");
  await (await dockerAt(host)).ping();
}
