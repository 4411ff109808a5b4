import { join, resolve } from "node:path";
import { messageOf, WindlassError } from "../../base/errors.ts";
import { cacheRoot } from "../cache-folder.ts";
import { localPath, removeStored, store } from "../storage/storage.ts";
import { taskFolder } from "../storage/stored-paths.ts";
import { tell } from "../tell.ts";
import { LabelTask } from "./labels.ts";

/** Where the files of a task go, and the work on them that a flush waits for. */
export class StorageTask extends LabelTask {
  #projectName: Promise<string> | undefined;
  readonly #underWay = new Set<Promise<void>>();

  /** The folder of this machine for files of this task: below CLEARML_CACHE_DIR or ~/.clearml/cache. */
  get cacheDir(): string {
    return join(cacheRoot(), this.id);
  }

  /** Root of the addresses of artifacts and models; empty: the file server. */
  getOutputDestination(): string {
    return this.known.output?.destination ?? "";
  }

  /** A folder of this machine, or the file server. */
  get outputUri(): string {
    return this.getOutputDestination();
  }

  /** Name of the task's project, with those above it; empty for a task without one. */
  async getProjectName(): Promise<string> {
    this.#projectName ??= this.#askProjectName();
    this.#projectName.catch(() => {
      this.#projectName = undefined;
    });
    return await this.#projectName;
  }

  /** Sends what waits to be sent, files first. */
  override async flush(): Promise<boolean> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    return await super.flush();
  }

  /** Where the files of the task are below any root. */
  protected async filesFolder(): Promise<string> {
    return taskFolder(await this.getProjectName(), this.name, this.id);
  }

  /** Stores a file of the task under its root; its address. */
  protected async storeFile(path: string, content: Uint8Array | string): Promise<string> {
    const { signal } = this.sending.patience;
    return await store(this.connection, this.getOutputDestination(), `${await this.filesFolder()}/${path}`, content, { signal });
  }

  /** Deletes what an address names; false when there is nothing any more. Of this machine's files only those in a folder of this task. */
  protected async removeFile(url: string): Promise<boolean> {
    const path = localPath(url);
    if (path !== undefined && !resolve(path).includes(`.${this.id}/`))
      throw new WindlassError(`${path} is not in a folder of the task ${this.id}`, { code: "not-own-file" });
    return await removeStored(this.connection, url);
  }

  /** Work that nobody else waits for; what fails is told and left out. */
  protected inBackground(work: Promise<unknown>, what: string): void {
    const done: Promise<void> = work
      .then(
        () => undefined,
        (error) => tell(`${what} could not be stored (${messageOf(error)}); the program goes on`),
      )
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  async #askProjectName(): Promise<string> {
    if (this.project === undefined) return "";
    return (await this.ask<{ project: { name: string } }>("projects.get_by_id", { project: this.project })).project.name;
  }
}
