import { createReadStream } from "node:fs";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { CallOptions } from "../../api/session.ts";
import { codeOf, WindlassError } from "../../base/errors.ts";
import type { Connection } from "../connection/connection.ts";

/** Stores below a root: a folder of this machine (a path or `file://`), or the file server. Returns the address of what is stored. */
export async function store(
  connection: Connection,
  root: string | undefined,
  path: string,
  content: Uint8Array | string,
  options?: CallOptions,
): Promise<string> {
  const folder = localFolder(connection, root);
  if (folder === undefined) return await connection.upload(path, content, options);
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  await (typeof content === "string" ? copyFile(content, target) : writeFile(target, content));
  return target;
}

/** What an address names, as a stream; a path is an address, too. */
export async function fetchStored(connection: Connection, url: string, options?: CallOptions): Promise<ReadableStream<Uint8Array>> {
  const path = localPath(url);
  if (path !== undefined) return Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
  return await connection.download(url, options);
}

/** False when there was nothing. */
export async function removeStored(connection: Connection, url: string, options?: CallOptions): Promise<boolean> {
  const path = localPath(url);
  if (path === undefined) return await connection.remove(url, options);
  return await rm(path).then(
    () => true,
    (error) => {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    },
  );
}

function localFolder(connection: Connection, root: string | undefined): string | undefined {
  if (connection.isOffline || root === undefined || root === "" || root.replace(/\/+$/, "") === connection.hosts.files) return undefined;
  const path = localPath(root);
  if (path !== undefined) return resolve(path);
  throw new WindlassError(`nothing can be stored at ${root}`, {
    code: "storage-unknown",
    hint: "It is a folder of this machine or the file server of the connection.",
  });
}

/** The path that an address without a server names. */
export function localPath(address: string): string | undefined {
  if (address.startsWith("file://")) return fileURLToPath(address);
  return /^[a-z][\w+.-]*:\/\//i.test(address) ? undefined : address;
}
