import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { codeOf, messageOf, WindlassError } from "../../base/errors.ts";
import { newId } from "../../base/ids.ts";
import { cacheRoot } from "../cache-folder.ts";
import type { Connection, LastWords } from "../connection/connection.ts";
import type { Hosts } from "../connection/hosts.ts";
import type { TaskData } from "../data.ts";
import { TASK_CALLS } from "./offline-task.ts";
import { SessionFolder } from "./session-folder.ts";

const ENDS = ["tasks.completed", "tasks.failed", "tasks.stopped"];

/** A session without a server: the calls that a recording program makes, answered from one task that lives in a folder. */
export class OfflineConnection implements Connection {
  readonly isOffline = true;
  readonly hosts: Hosts = { api: "offline", web: "offline", files: "offline" };
  readonly folder: SessionFolder;
  readonly #id: string;
  #task: TaskData | undefined;
  #projectName = "";

  constructor(root = join(cacheRoot(), "offline")) {
    this.#id = `offline-${newId()}`;
    this.folder = new SessionFolder(join(root, this.#id));
  }

  async call<T>(endpoint: string, body: object): Promise<T> {
    return await Promise.resolve(this.#answer(endpoint, body as Record<string, unknown>) as T);
  }

  async callLines<T>(_endpoint: string, lines: string): Promise<T> {
    const events = lines.split("\n").map((line) => JSON.parse(line) as object);
    this.folder.append(events);
    return await Promise.resolve({ added: events.length, errors: 0 } as T);
  }

  async upload(path: string, content: Uint8Array | string): Promise<string> {
    return await Promise.resolve(this.folder.keep(path, content));
  }

  async download(url: string): Promise<ReadableStream<Uint8Array>> {
    return await Promise.resolve(Readable.toWeb(createReadStream(url)) as ReadableStream<Uint8Array>);
  }

  async remove(url: string): Promise<boolean> {
    if (this.folder.inside(url) === undefined) throw unknownHere(url);
    return await rm(url).then(
      () => true,
      (error) => {
        if (codeOf(error) === "ENOENT") return false;
        throw error;
      },
    );
  }

  sayLastWords({ calls, lines, farewell }: LastWords): string | undefined {
    try {
      for (const { endpoint, body } of calls) this.#answer(endpoint, body as Record<string, unknown>);
      if (lines.length > 0) this.folder.append(lines.map((line) => JSON.parse(line) as object));
      for (const { endpoint, body } of farewell) this.#answer(endpoint, body as Record<string, unknown>);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  #answer(endpoint: string, body: Readonly<Record<string, unknown>>): object {
    if (endpoint.startsWith("projects.")) return this.#projects(endpoint, body);
    if (endpoint === "tasks.create") return this.#create(body);
    const call = TASK_CALLS[endpoint];
    if (call === undefined || this.#task === undefined) throw unknownHere(endpoint);
    const [task, data] = call(this.#task, body);
    if (task !== this.#task) this.#keep(task);
    if (ENDS.includes(endpoint)) this.folder.zip();
    return data;
  }

  #create({ output_dest: destination, ...fields }: Readonly<Record<string, unknown>>): object {
    const output = destination === undefined ? {} : { output: { destination: String(destination) } };
    this.#keep({ name: "", type: "training", ...fields, ...output, id: this.#id, status: "created" });
    return { id: this.#id };
  }

  #keep(task: TaskData): void {
    this.#task = task;
    this.folder.writeTask({ ...task, project_name: this.#projectName, offline_folder: this.folder.path, offline_output_models: [] });
  }

  /** There is one, of whatever name the task asks for. */
  #projects(endpoint: string, { name }: Readonly<Record<string, unknown>>): object {
    if (endpoint === "projects.get_all") return { projects: [] };
    if (endpoint === "projects.create") this.#projectName = String(name);
    return { id: "offline", project: { id: "offline", name: this.#projectName } };
  }
}

const unknownHere = (what: string): WindlassError =>
  new WindlassError(`${what} needs a server, and this task is recorded offline`, {
    code: "offline",
    hint: "Task.importOfflineSession brings it to a server.",
  });
