import { hostname } from "node:os";
import { Files } from "../../api/files.ts";
import { type CallOptions, Session, type SessionOptions } from "../../api/session.ts";
import type { Connection, LastWords } from "./connection.ts";
import type { Hosts } from "./hosts.ts";
import { type ConnectionSettings, variable } from "./settings.ts";
import { speakInThread } from "./speak-in-thread.ts";

/** A ClearML server: the embedded one or any other. */
export class ServerConnection implements Connection {
  readonly isOffline = false;
  readonly hosts: Hosts;
  readonly #options: SessionOptions;
  readonly #session: Session;
  readonly #files: Files;

  constructor({ hosts, credentials }: ConnectionSettings) {
    this.hosts = hosts;
    this.#options = { apiServer: hosts.api, credentials, workerName: variable("WORKER_NAME") ?? hostname() };
    this.#session = new Session(this.#options);
    this.#files = new Files(this.#session, hosts.files);
  }

  async call<T>(endpoint: string, body: object, options?: CallOptions): Promise<T> {
    return await this.#session.call<T>(endpoint, body, options);
  }

  async callLines<T>(endpoint: string, lines: string, options?: CallOptions): Promise<T> {
    return await this.#session.callLines<T>(endpoint, lines, options);
  }

  async upload(path: string, content: Uint8Array | string, options?: CallOptions): Promise<string> {
    return await this.#files.upload(path, content, options);
  }

  async download(url: string, options?: CallOptions): Promise<ReadableStream<Uint8Array>> {
    return await this.#files.download(url, options);
  }

  async remove(url: string, options?: CallOptions): Promise<boolean> {
    return await this.#files.remove(url, options);
  }

  sayLastWords(words: LastWords, capMs: number): string | undefined {
    return speakInThread(this.#options, words, capMs);
  }
}
