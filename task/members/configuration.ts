import { extname } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { asNewFile, itemOfFile, itemOfObject, parseConfiguration, refill } from "../configuration/texts.ts";
import type { ConfigurationItem } from "../data.ts";
import { castTo } from "../parameters/text-forms.ts";
import { runsRemotely } from "../remote.ts";
import { tell } from "../tell.ts";
import { ArgumentTask } from "./arguments.ts";

export interface ConfigurationOptions {
  /** `General` by default. */
  readonly name?: string;
  readonly description?: string;
  readonly ignoreRemoteOverrides?: boolean;
}

export interface ConfigurationText {
  readonly text: string;
  /** What the web app colours it as: `json`, `yaml`, `dictionary` … */
  readonly type?: string;
  readonly description?: string;
}

/** Configuration objects: texts that belong to a task. */
export class ConfigurationTask extends ArgumentTask {
  /**
   * Ties a configuration to the task: an object or a list, or the file of a path. By itself the program's is recorded. Under an
   * agent the task's comes into the object, or stands in the new file whose path is returned. What cannot be read as HOCON, JSON
   * or YAML is told in a line, and the program's own stays.
   */
  async connectConfiguration<T extends object | string>(configuration: T, options: ConfigurationOptions = {}): Promise<T> {
    const { name = "General", description } = options;
    const stored = this.known.configuration?.[name];
    if (runsRemotely(this.id) && stored?.value && !this.#ignoresConfiguration(name, options))
      return await this.#taken(configuration, stored);
    const item =
      typeof configuration === "string"
        ? await itemOfFile(name, configuration, description)
        : itemOfObject(name, configuration, description);
    this.sending.outbox.add("tasks.edit_configuration", this.#configurationBody([item]));
    this.#knowConfiguration([item]);
    return configuration;
  }

  getConfigurationObject(name: string): string | undefined {
    return this.known.configuration?.[name]?.value;
  }

  /** The same as an object; undefined when there is none of that name. Throws what the reader of its type throws. */
  async getConfigurationObjectAsDict(name: string): Promise<unknown> {
    const item = this.known.configuration?.[name];
    return item === undefined ? undefined : await parseConfiguration(item);
  }

  /** All texts by their names. */
  getConfigurationObjects(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.known.configuration ?? {}).map(([name, { value }]) => [name, value]));
  }

  /** Sets one text, or an object as JSON, and leaves the others. */
  async setConfigurationObject(
    name: string,
    content: ConfigurationText | { readonly dict: object; readonly description?: string },
  ): Promise<void> {
    const item =
      "dict" in content
        ? itemOfObject(name, content.dict, content.description)
        : { name, value: content.text, type: content.type, description: content.description };
    await this.ask("tasks.edit_configuration", this.#configurationBody([item]));
    this.#knowConfiguration([item]);
  }

  /** @deprecated as in the official SDK: a configuration object named General. */
  async setModelConfig(content: { readonly configText: string } | { readonly configDict: object }): Promise<void> {
    await this.setConfigurationObject("General", "configText" in content ? { text: content.configText } : { dict: content.configDict });
  }

  /** @deprecated as in the official SDK: the same as `getModelDesign`. */
  getModelConfigText(): string {
    return this.getModelDesign();
  }

  /** @deprecated as in the official SDK. */
  async getModelConfigDict(): Promise<unknown> {
    const text = this.getModelDesign();
    return text === "" ? {} : await parseConfiguration({ value: text });
  }

  /** The text of the configuration object whose name comes first in the alphabet; empty when there is none. */
  getModelDesign(): string {
    const [first] = Object.entries(this.known.configuration ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return first?.[1].value ?? "";
  }

  async #taken<T extends object | string>(configuration: T, stored: ConfigurationItem): Promise<T> {
    if (typeof configuration === "string") return asNewFile(stored.value, extname(configuration)) as T;
    try {
      refill(configuration, await parseConfiguration(stored));
    } catch (error) {
      tell(`the task's configuration ${stored.name} cannot be read (${messageOf(error)}); the program's own stays`);
    }
    return configuration;
  }

  #ignoresConfiguration(section: string, { ignoreRemoteOverrides = false }: ConfigurationOptions): boolean {
    const stored = this.sections[section]?.["_ignore_remote_overrides_config_"];
    return stored === undefined ? ignoreRemoteOverrides : castTo(stored.value, "bool") === true;
  }

  #configurationBody(items: readonly ConfigurationItem[]): object {
    return { task: this.id, configuration: items, replace_configuration: false, force: true };
  }

  #knowConfiguration(items: readonly ConfigurationItem[]): void {
    const all = { ...this.known.configuration, ...Object.fromEntries(items.map((item) => [item.name, item])) };
    this.known = { ...this.known, configuration: all };
  }
}
