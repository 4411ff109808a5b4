import type { Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { codeOf, WindlassError } from "../base/errors.ts";

export interface Address {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
}

/** Listens, and answers with the address that clients on this machine use. */
export async function listen(server: Server, { scheme, host, port }: Address, start = plainly(server)): Promise<string> {
  try {
    await start({ host, port });
  } catch (error) {
    throw listenError(error, host, port);
  }
  const shown = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `${scheme}://${shown}:${(server.address() as AddressInfo).port}`;
}

type Start = (at: { host: string; port: number }) => Promise<void>;

const plainly =
  (server: Server): Start =>
  async (at) =>
    await new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(at, () => {
        server.off("error", reject);
        resolve();
      });
    });

/** The port, or 0 when somebody listens there. */
export async function freeOr(port: number, host: string): Promise<number> {
  const probe = createServer();
  return await new Promise((resolve) => {
    probe.once("error", () => resolve(0));
    probe.listen({ host, port }, () => probe.close(() => resolve(port)));
  });
}

const OTHER_PORTS = "Choose others with --api-port, --files-port and --web-port (0 = any free one).";

function listenError(error: unknown, host: string, port: number): unknown {
  const code = codeOf(error);
  if (code === "EADDRINUSE")
    return new WindlassError(`port ${port} of ${host} is taken by another program`, { code: "port-in-use", hint: OTHER_PORTS });
  if (code === "EACCES")
    return new WindlassError(`this user may not listen on port ${port} of ${host}`, { code: "port-not-allowed", hint: OTHER_PORTS });
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return new WindlassError(`${host} is no address of this machine`, { code: "no-such-address", hint: "Choose one with --host." });
  return error;
}
