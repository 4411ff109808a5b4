import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { Logger } from "../../base/logger.ts";
import type { KeyPair } from "../auth/web-keys.ts";
import type { HttpServers } from "../http-server.ts";
import { COMPANY } from "../store/store.ts";
import { WebFolder } from "./web-folder.ts";

/**
 * The web app on a port of its own (clearml-api.md 13): its files, and below `/api` and `/files` the two servers
 * themselves. Their requests are handed on as they are, in this process: nothing is copied, and streams stay streams.
 */
export interface WebOptions {
  readonly folder: string;
  readonly servers: HttpServers;
  readonly api: FastifyInstance;
  readonly files: FastifyInstance;
  /** The app's own keys, when a name is enough to log in: it reads them from `credentials.json` beside its pages. */
  readonly keys: KeyPair | undefined;
  readonly logger: Logger;
}

export async function createWebServer(options: WebOptions): Promise<Server> {
  const { servers, api, files, keys, logger } = options;
  const folder = await WebFolder.open(options.folder);
  return servers.make((request, response) => {
    if (handedTo(api, "/api", request, response) || handedTo(files, "/files", request, response)) return;
    if (keys !== undefined && /^\/credentials\.json(\?|$)/.test(request.url ?? "")) return sendKeys(keys, response);
    folder.answer(request, response).catch((error: unknown) => {
      logger.error({ err: error, url: request.url }, "a file of the web app could not be sent");
      response.headersSent ? response.destroy() : response.writeHead(500).end();
    });
  });
}

function handedTo(app: FastifyInstance, prefix: string, request: IncomingMessage, response: ServerResponse): boolean {
  const url = request.url ?? "/";
  if (!url.startsWith(prefix) || !/^([/?]|$)/.test(url.slice(prefix.length))) return false;
  request.url = url.slice(prefix.length).replace(/^(?!\/)/, "/");
  app.routing(request, response);
  return true;
}

function sendKeys({ accessKey, secretKey }: KeyPair, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify({ userKey: accessKey, userSecret: secretKey, companyID: COMPANY }));
}
