import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { exactly } from "../../api/projects.ts";
import { WindlassError } from "../../base/errors.ts";
import { entriesBelow, writeZip } from "../archive/zip.ts";
import type { ModelEntry } from "../data.ts";
import { frameworkOf } from "../models/frameworks.ts";
import { Model, type ModelData } from "../models/model.ts";
import { partOf } from "../storage/stored-paths.ts";
import { ArtifactTask } from "./artifacts.ts";

export interface TaskModels {
  readonly input: readonly Model[];
  readonly output: readonly Model[];
}

export interface OutputModelOptions {
  /** A file, or a folder that is stored as a zip. */
  readonly modelPath: string;
  /** What the task calls it; the file's name without its ending by default. One of that name is replaced. */
  readonly name?: string;
  /** The model's own name; the task's and that by default. */
  readonly modelName?: string;
  readonly comment?: string;
  readonly tags?: readonly string[];
  /** Of the training. */
  readonly iteration?: number;
  readonly framework?: string;
  /** The program's own file is removed once it is stored; false by default. */
  readonly deleteAfterUpload?: boolean;
}

export interface InputModelOptions {
  /** What the task calls it; the model's name by default. */
  readonly name?: string;
  /** The model's labels become the task's when the task has none; true by default. */
  readonly updateTaskLabels?: boolean;
}

export interface DeleteOptions {
  /** Files of artifacts, images and models, and the models themselves; true by default. */
  readonly deleteArtifactsAndModels?: boolean;
  /** Models that other tasks use stay; true by default. */
  readonly skipModelsUsedByOtherTasks?: boolean;
  /** A file that cannot be deleted is an error instead of a `false`. */
  readonly raiseOnError?: boolean;
}

/** The models that a task uses and makes, and the end of a task with all that it stored. */
export class ModelTask extends ArtifactTask {
  /** Its models as the server has them. */
  async getModels(): Promise<TaskModels> {
    await this.reload();
    const { input = [], output = [] } = this.known.models ?? {};
    const found = await this.#modelsOf([...input, ...output]);
    const known = (entries: readonly ModelEntry[]): Model[] =>
      entries.flatMap(({ name, model }) => {
        const data = found.find(({ id }) => id === model);
        return data === undefined ? [] : [new Model(this.connection, data, name)];
      });
    return { input: known(input), output: known(output) };
  }

  /** The same. */
  async models(): Promise<TaskModels> {
    return await this.getModels();
  }

  /** Says that the task begins with a model, by its id or by the exact name of one that is published. */
  async setInputModel(
    model: { readonly modelId: string } | { readonly modelName: string },
    options: InputModelOptions = {},
  ): Promise<void> {
    const found = "modelId" in model ? await this.#modelOf(model.modelId) : await this.#publishedModel(model.modelName);
    await this.ask("tasks.add_or_update_model", { task: this.id, name: options.name ?? found.name, model: found.id, type: "input" });
    if (options.updateTaskLabels !== false && this.getNumOfClasses() === 0 && Object.keys(found.labels ?? {}).length > 0)
      await this.setModelLabelEnumeration({ ...found.labels });
    await this.reload();
  }

  /** Stores weights, and a model of the task that has them. */
  async updateOutputModel(options: OutputModelOptions): Promise<Model> {
    const { modelPath } = options;
    const name = options.name ?? basename(modelPath, extname(modelPath));
    const uri = await this.#weights(modelPath);
    const fields = {
      ...{
        uri,
        name: options.modelName ?? `${this.name} - ${name}`,
        task: this.id,
        comment: options.comment ?? "",
        tags: options.tags ?? [],
      },
      ...(this.project === undefined ? {} : { project: this.project }),
      ...((options.framework ?? frameworkOf(modelPath)) ? { framework: options.framework ?? frameworkOf(modelPath) } : {}),
      labels: this.getLabelsEnumeration(),
    };
    const model = await this.#put(name, fields);
    // No field of `models.create`.
    if (options.iteration !== undefined) await this.ask("models.edit", { model, iteration: options.iteration });
    if (options.deleteAfterUpload === true) await rm(modelPath, { recursive: true, force: true });
    await this.reload();
    return new Model(this.connection, await this.#modelOf(model), name);
  }

  /**
   * Deletes the task with what it stored. A published task is refused with `bad-status`. Resolves with whether every file went, too;
   * the task itself is gone then in any case.
   */
  async delete(options: DeleteOptions = {}): Promise<boolean> {
    if ((await this.getStatus()) === "published") throw new WindlassError("a published task is not deleted", { code: "bad-status" });
    const { deleteArtifactsAndModels: withAll = true, skipModelsUsedByOtherTasks = true } = options;
    const body = { task: this.id, force: true, return_file_urls: true, delete_output_models: withAll && skipModelsUsedByOtherTasks };
    const own = withAll && !skipModelsUsedByOtherTasks ? (await this.getModels()).output : [];
    const { urls = {} } = await this.ask<{ urls?: Record<string, string[]> }>("tasks.delete", {
      ...body,
      delete_external_artifacts: false,
    });
    for (const model of own) await this.connection.call("models.delete", { model: model.id, force: true });
    return withAll
      ? await this.#removeFiles([...Object.values(urls).flat(), ...own.map(({ url }) => url)], options.raiseOnError === true)
      : true;
  }

  async #removeFiles(urls: readonly string[], raises: boolean): Promise<boolean> {
    const gone = await Promise.allSettled([...new Set(urls)].filter(Boolean).map(async (url) => await this.removeFile(url)));
    const failed = gone.find((result) => result.status === "rejected");
    if (failed !== undefined && raises) throw failed.reason;
    return failed === undefined;
  }

  /** The model of that name in this task, changed, or a new one; its id. */
  async #put(name: string, fields: object): Promise<string> {
    await this.reload();
    const known = this.known.models?.output?.find((entry) => entry.name === name);
    if (known !== undefined) await this.ask("models.edit", { model: known.model, ...fields });
    const model = known?.model ?? (await this.ask<{ id: string }>("models.create", { ...fields, ready: false, public: false })).id;
    await this.ask("tasks.add_or_update_model", { task: this.id, name, model, type: "output" });
    return model;
  }

  async #weights(path: string): Promise<string> {
    const to = (name: string): string => `models/${partOf(name)}`;
    if (!(await stat(path)).isDirectory()) return await this.storeFile(to(basename(path)), resolve(path));
    const folder = await mkdtemp(join(tmpdir(), "windlass-model-"));
    try {
      const zip = join(folder, `${basename(resolve(path))}.zip`);
      writeZip(zip, entriesBelow(path));
      return await this.storeFile(to(basename(zip)), zip);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #modelsOf(entries: readonly ModelEntry[]): Promise<ModelData[]> {
    if (entries.length === 0) return [];
    return (await this.ask<{ models: ModelData[] }>("models.get_all", { id: entries.map(({ model }) => model) })).models;
  }

  async #modelOf(model: string): Promise<ModelData> {
    return (await this.ask<{ model: ModelData }>("models.get_by_id", { model })).model;
  }

  async #publishedModel(name: string): Promise<ModelData> {
    const query = { name: exactly(name), ready: true, order_by: ["-created"], page: 0, page_size: 10 };
    const { models } = await this.ask<{ models: ModelData[] }>("models.get_all", query);
    const found = models.find((model) => model.name === name);
    if (found === undefined) throw new WindlassError(`there is no published model named ${name}`, { code: "no-model" });
    return found;
  }
}
