import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import type Docker from "dockerode";
import { messageOf } from "../../base/errors.ts";
import { readIfThere, writeFileDurably } from "../../base/files.ts";
import { RunError } from "../run-error.ts";
import { forgiving } from "./connection.ts";

/**
 * A server on this machine's loopback cannot be reached from a container. A relay listens on the address of the container's
 * network and passes on to it, and nothing else. Its port is kept over restarts of the agent, since running programs know it.
 */
export class Relays {
  readonly #docker: Docker;
  readonly #file: string;
  readonly #open = new Map<string, Promise<{ server: Server; address: string }>>();
  readonly #gateways = new Map<string, Promise<string | undefined>>();

  constructor(docker: Docker, stateFolder: string) {
    this.#docker = docker;
    this.#file = join(stateFolder, "relays.json");
  }

  /** The address under which a container on this network reaches `url`. */
  async reach(url: string, network: string): Promise<string> {
    const target = new URL(url);
    if (network === "host" || !isLoopback(target.hostname)) return url;
    const gateway = await once(this.#gateways, network, () => this.#gatewayOf(network));
    if (gateway === undefined) return url;
    const key = `${gateway} ${target.host}`;
    const { address } = await this.#opened(key, gateway, target);
    return `${target.protocol}//${address}${target.pathname === "/" ? "" : target.pathname}`;
  }

  /** A network whose address this machine does not have (now) is the engine's fault, and may come back. */
  async #opened(key: string, gateway: string, target: URL): Promise<{ address: string }> {
    try {
      return await once(this.#open, key, () => this.#listen(key, gateway, target));
    } catch (error) {
      throw new RunError("failed/engine", `${target.host} cannot be relayed on ${gateway} (${messageOf(error)})`, {
        retryable: true,
        hint: "Is the engine's bridge there (ip address)? Restarting the engine makes it again. A server on an address that containers reach needs no relay.",
      });
    }
  }

  async close(): Promise<void> {
    for (const relay of this.#open.values()) (await relay.catch(() => undefined))?.server.close();
  }

  /** This machine's address on a bridge network: as the engine says, else the first one of its subnet, which docker takes. */
  async #gatewayOf(network: string): Promise<string | undefined> {
    const found = await forgiving(this.#docker.getNetwork(network).inspect() as Promise<NetworkFacts>, 404);
    const configs = found?.IPAM?.Config ?? [];
    const told = configs.find((config) => (config.Gateway ?? "") !== "")?.Gateway?.split("/")[0];
    return told ?? configs.map((config) => firstAddress(config.Subnet)).find((address) => address !== undefined);
  }

  async #listen(key: string, gateway: string, target: URL): Promise<{ server: Server; address: string }> {
    const ports = JSON.parse((await readIfThere(this.#file)) ?? "{}") as Record<string, number>;
    const server = createServer((client) => {
      const upstream = connect(Number(target.port === "" ? 80 : target.port), target.hostname.replace(/^\[|\]$/g, ""));
      client.pipe(upstream).pipe(client);
      for (const socket of [client, upstream]) {
        socket.on("error", () => {
          client.destroy();
          upstream.destroy();
        });
      }
    });
    server.unref();
    const port = await listenOn(server, gateway, ports[key] ?? 0);
    await writeFileDurably(this.#file, JSON.stringify({ ...ports, [key]: port }));
    return { server, address: `${gateway}:${port}` };
  }
}

/** Made once for each key; a failure is not kept. */
async function once<T>(made: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = made.get(key);
  if (known !== undefined) return await known;
  const making = make();
  made.set(key, making);
  making.catch(() => made.delete(key));
  return await making;
}

/** The port of before, or any when somebody else has it by now. */
async function listenOn(server: Server, host: string, port: number): Promise<number> {
  const attempt = (wanted: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(wanted, host, () => {
        server.removeListener("error", reject);
        resolve((server.address() as { port: number }).port);
      });
    });
  return await attempt(port).catch((error: unknown) => {
    if (port === 0) throw error;
    return attempt(0);
  });
}

interface NetworkFacts {
  readonly IPAM?: { readonly Config?: readonly { readonly Gateway?: string; readonly Subnet?: string }[] };
}

/** `172.17.0.0/16` → `172.17.0.1`. The engine tells no gateway of its default network before 23.0. */
function firstAddress(subnet: string | undefined): string | undefined {
  const bytes = /^(\d+\.\d+\.\d+)\.(\d+)\//.exec(subnet ?? "");
  return bytes === null ? undefined : `${bytes[1]}.${Number(bytes[2]) + 1}`;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127\./.test(host);
}
