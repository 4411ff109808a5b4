import { realpath, stat } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, sep } from "node:path";
import send from "@fastify/send";
import { WindlassError } from "../../base/errors.ts";
import { unquoted } from "../files/stored-path.ts";

/** What a single-page app does not answer itself when it is missing: its pages have no such names. */
const ASSET = /\.(?:js|mjs|css|map|json|png|jpe?g|gif|svg|ico|webp|woff2?|ttf|wasm|txt|xml)$/i;
/** Names that the app's build made from the content: what they hold never changes. */
const HASHED = /[.-](?:[0-9a-f]{16,}|[0-9A-Z]{8})\.\w+$/;

/** The files of a single-page app: a path that is no file is a page of the app, and gets its index.html. */
export class WebFolder {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async open(folder: string): Promise<WebFolder> {
    const root = await realpath(folder).catch(() => undefined);
    const index = root === undefined ? undefined : await stat(join(root, "index.html")).catch(() => undefined);
    if (root !== undefined && index?.isFile() === true) return new WebFolder(root);
    const problem = root === undefined ? "is not there" : "holds no index.html";
    throw new WindlassError(`the folder of the web app, ${folder}, ${problem}`, {
      code: "web-folder-unusable",
      hint: "Give --web-dir the folder that holds the built app's index.html (ClearML's app is not a part of Windlass), or leave it out.",
    });
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD") return end(response, 405, { allow: "GET, HEAD" });
    const path = unquoted((request.url ?? "/").split(/[?#]/)[0] ?? "/");
    if (path === undefined || path.includes("\0")) return end(response, 400);
    const file = (await this.#find(path)) ?? (ASSET.test(path) ? undefined : "/index.html");
    if (file === undefined) return end(response, 404);
    await this.#send(file, request, response);
  }

  /** A file by its path below the folder; links may lead to others in it, nothing leads out of it. */
  async #find(path: string): Promise<string | undefined> {
    const real = await realpath(join(this.#root, path)).catch(() => undefined);
    if (real === undefined || !real.startsWith(this.#root + sep)) return undefined;
    const found = await stat(real);
    if (found.isFile()) return real.slice(this.#root.length);
    const index = join(real, "index.html");
    return (await stat(index).catch(() => undefined))?.isFile() === true ? await this.#find(index.slice(this.#root.length)) : undefined;
  }

  async #send(file: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const quoted = file.split(sep).map(encodeURIComponent).join("/");
    const result = await send(request, quoted, { root: this.#root, dotfiles: "ignore", index: false, cacheControl: false });
    const caching = HASHED.test(file) ? "public, max-age=31536000, immutable" : "no-cache";
    response.writeHead(result.statusCode, { ...result.headers, "cache-control": caching, "x-content-type-options": "nosniff" });
    result.stream.once("error", () => response.destroy());
    response.once("close", () => result.stream.destroy());
    result.stream.pipe(response);
  }
}

function end(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "text/plain", ...headers }).end();
}
