import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { WindlassError } from "../../base/errors.ts";
import { writeFileDurably } from "../../base/files.ts";
import { cacheFolder } from "../cache-folder.ts";
import { refill } from "../configuration/texts.ts";
import type { ConfigurationItem } from "../data.ts";
import { castTo } from "../parameters/text-forms.ts";
import { runsRemotely } from "../remote.ts";
import { ConfigurationTask } from "./configuration.ts";

export type Labels = Record<string, number>;

const IGNORE_FLAG = "_ignore_remote_overrides_label_enumeration_";

/** What the classes of a model are called, and its design in the words of old versions. */
export class LabelTask extends ConfigurationTask {
  /** Recorded by itself; under an agent the task's labels come into the object. Labels are whole numbers. */
  connectLabelEnumeration<T extends Labels>(
    labels: T,
    { ignoreRemoteOverrides = false }: { readonly ignoreRemoteOverrides?: boolean } = {},
  ): T {
    const stored = this.sections["General"]?.[IGNORE_FLAG];
    const ignores = stored === undefined ? ignoreRemoteOverrides : castTo(stored.value, "bool") === true;
    if (runsRemotely(this.id) && !ignores) refill(labels, this.getLabelsEnumeration());
    else this.recordPart("execution", { model_labels: checked(labels) });
    return labels;
  }

  async setModelLabelEnumeration(labels: Labels): Promise<void> {
    await this.editPart("execution", { model_labels: checked(labels) });
  }

  getLabelsEnumeration(): Labels {
    return { ...this.known.execution?.model_labels };
  }

  /** Number → label. Throws when two labels share a number. */
  getLabelNumDescription(): Record<number, string> {
    const byNumber: Record<number, string> = {};
    for (const [label, number] of Object.entries(this.getLabelsEnumeration())) {
      if (number in byNumber)
        throw new WindlassError(`the labels ${byNumber[number]} and ${label} share the number ${number}`, { code: "bad-label" });
      byNumber[number] = label;
    }
    return byNumber;
  }

  /** One more than the highest number of a label. */
  getNumOfClasses(): number {
    return Math.max(-1, ...Object.values(this.getLabelsEnumeration())) + 1;
  }

  /** Nothing in the open SDK fills it; kept for its name. */
  get labelsStats(): Record<string, never> {
    return {};
  }

  /** Writes a file's text into the design of the task, as old versions knew it: servers keep it as a configuration of the type `legacy`. */
  async updateModelDesc(path: string): Promise<void> {
    await this.setConfigurationObject(this.#design()?.name ?? "design", { text: await readFile(path, "utf8"), type: "legacy" });
  }

  /** Writes that design to a file in the task's cache folder and returns its path. Throws when there is none. */
  async saveExecModelDesignFile(name = "model_design.txt"): Promise<string> {
    const design = this.#design()?.value;
    if (!design) throw new WindlassError(`the task ${this.id} has no model design`, { code: "no-model-design" });
    const path = join(await cacheFolder(this.id), name);
    await writeFileDurably(path, design);
    return path;
  }

  #design(): ConfigurationItem | undefined {
    return Object.values(this.known.configuration ?? {}).find(({ type }) => type === "legacy");
  }
}

function checked(labels: Labels): Labels {
  for (const [label, number] of Object.entries(labels))
    if (!Number.isInteger(number)) throw new WindlassError(`the label ${label} has ${number}, not a whole number`, { code: "bad-label" });
  return { ...labels };
}
