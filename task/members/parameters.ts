import type { ParameterItem, ParameterSections } from "../data.ts";
import { connected } from "../parameters/connected.ts";
import { flatten, setAt, unflatten } from "../parameters/flatten.ts";
import { allItems, itemOf, itemsOf, splitName, withItems } from "../parameters/items.ts";
import { castLike, castTo } from "../parameters/text-forms.ts";
import { runsRemotely } from "../remote.ts";
import { tell } from "../tell.ts";
import { StatusTask } from "./status.ts";

export interface ConnectOptions {
  /** Section of the task; `General` by default. */
  readonly name?: string;
  /** The program's own values count, also when it runs under an agent. */
  readonly ignoreRemoteOverrides?: boolean;
}

export interface CastOptions {
  /** Values by their stored type instead of as texts. */
  readonly cast?: boolean;
}

export interface ParameterOptions {
  readonly description?: string;
  /** `int`, `float`, `bool`, `str`, `list` …; the stored type, else that of the value, by default. */
  readonly valueType?: string;
}

const IGNORE_FLAG = "_ignore_remote_overrides_";

/** Hyper-parameters and user properties. */
export class ParameterTask extends StatusTask {
  /**
   * Ties an object to a section of the task. By itself the program's values are recorded, and each that is set later. Under an
   * agent the task's values come into the object, cast to what its own values are, and stay; fields that the task lacks are
   * recorded. Returns the object (through a proxy when it is a plain one).
   */
  connect<T extends object>(object: T, { name = "General", ignoreRemoteOverrides = false }: ConnectOptions = {}): T {
    const isOverridden = runsRemotely(this.id) && !this.#ignores(name, ignoreRemoteOverrides);
    const section = this.sections[name] ?? {};
    const own = flatten(object).filter(([path]) => !isOverridden || section[path] === undefined);
    if (isOverridden) for (const [path, local] of flatten(object)) this.#takeOver(object, path, local, section[path]);
    const flag = ignoreRemoteOverrides && section[IGNORE_FLAG] === undefined ? [itemOf(name, IGNORE_FLAG, true)] : [];
    this.recordItems([...own.map(([path, value]) => itemOf(name, path, value, section[path])), ...flag]);
    return connected(object, (path, value) => this.#set(name, path, value, isOverridden));
  }

  /** One value, as a text unless `cast` is asked for; `fallback` when the task has none. */
  getParameter(name: string, fallback?: unknown, { cast = false }: CastOptions = {}): unknown {
    const { section, name: within } = splitName(name);
    const item = this.sections[section]?.[within];
    if (item === undefined) return fallback;
    return cast ? castTo(item.value, item.type) : item.value;
  }

  /** All values by `Section/name`. */
  getParameters({ cast = false }: CastOptions = {}): Record<string, unknown> {
    const entries = allItems(this.sections).map(({ section, name, value, type }) => {
      const path = section === "Args" && type === "legacy" ? name : `${section}/${name}`;
      return [path, cast ? castTo(value, type) : value];
    });
    return Object.fromEntries(entries) as Record<string, unknown>;
  }

  /** The same, with a group for each section and each slash in a name. */
  getParametersAsDict(options: CastOptions = {}): Record<string, unknown> {
    return unflatten(this.getParameters(options));
  }

  /** Sets one value and leaves the others; `tasks.edit_hyper_params`. */
  async setParameter(name: string, value: unknown, { description, valueType }: ParameterOptions = {}): Promise<void> {
    const { section, name: within } = splitName(name);
    const item = itemOf(section, within, value, this.sections[section]?.[within]);
    const said = { ...(description === undefined ? {} : { description }), ...(valueType === undefined ? {} : { type: valueType }) };
    await this.#store([{ ...item, ...said }]);
  }

  /** Replaces every parameter of every section, user properties too. */
  async setParameters(values: object): Promise<void> {
    await this.edit({ hyperparams: withItems({}, itemsOf(values, this.sections)) });
  }

  /** Sets these values and leaves the others. */
  async updateParameters(values: object): Promise<void> {
    await this.#store(itemsOf(values, this.sections));
  }

  /** The same for values in groups: `{ Args: { optimizer: { lr: 0.1 } } }`. */
  async setParametersAsDict(values: object): Promise<void> {
    await this.updateParameters(values);
  }

  /** Whether there was one of that name. A running task lets only `force` delete. */
  async deleteParameter(name: string, { force = false }: { readonly force?: boolean } = {}): Promise<boolean> {
    return await this.#remove([splitName(name)], force);
  }

  /** What people noted about the task: its section `properties`. */
  async getUserProperties(): Promise<Record<string, ParameterItem>> {
    const { params } = await this.ask<{ params: { hyperparams: ParameterItem[] }[] }>("tasks.get_hyper_params", { tasks: [this.id] });
    const items = params[0]?.hyperparams.filter(({ section }) => section === "properties") ?? [];
    return Object.fromEntries(items.map((item) => [item.name, item]));
  }

  /** Sets properties: `{ size: 3 }`, or with words about it `{ size: { value: 3, description: "in cm" } }`. Any status allows it. */
  async setUserProperties(properties: Readonly<Record<string, unknown>>): Promise<void> {
    const items = Object.entries(properties).map(([name, given]) => {
      const said = typeof given === "object" && given !== null && "value" in given ? (given as ParameterItem) : { value: given };
      return { ...itemOf("properties", name, said.value), ...("description" in said ? { description: said.description } : {}) };
    });
    await this.#store(items, false);
  }

  async deleteUserProperties(names: readonly string[]): Promise<boolean> {
    return await this.#remove(
      names.map((name) => ({ section: "properties", name })),
      false,
    );
  }

  protected get sections(): ParameterSections {
    return this.known.hyperparams ?? {};
  }

  /** Records items in the background. */
  protected recordItems(items: readonly ParameterItem[]): void {
    if (items.length === 0) return;
    this.known = { ...this.known, hyperparams: withItems(this.sections, items) };
    const bodyOf = (hyperparams: readonly ParameterItem[]) => ({ task: this.id, hyperparams, replace_hyperparams: "none", force: true });
    const joined = (earlier: readonly ParameterItem[]): ParameterItem[] => allItems(withItems(withItems({}, earlier), items));
    this.sending.outbox.add("tasks.edit_hyper_params", bodyOf(items), ({ hyperparams }) => bodyOf(joined(hyperparams)));
  }

  async #store(items: readonly ParameterItem[], force = true): Promise<void> {
    if (items.length === 0) return;
    const body = { task: this.id, hyperparams: items, replace_hyperparams: "none", ...(force ? { force } : {}) };
    await this.ask("tasks.edit_hyper_params", body);
    this.known = { ...this.known, hyperparams: withItems(this.sections, items) };
  }

  async #remove(keys: readonly { section: string; name: string }[], force: boolean): Promise<boolean> {
    await this.reload();
    const isThere = keys.some(({ section, name }) => this.sections[section]?.[name] !== undefined);
    await this.ask("tasks.delete_hyper_params", { task: this.id, hyperparams: keys, force });
    await this.reload();
    return isThere;
  }

  /** The flag travels with the task, so that the web app can switch it back. */
  #ignores(section: string, asked: boolean): boolean {
    const stored = this.sections[section]?.[IGNORE_FLAG];
    return stored === undefined ? asked : castTo(stored.value, "bool") === true;
  }

  #takeOver(object: object, path: string, local: unknown, item: ParameterItem | undefined): void {
    if (item === undefined) return;
    const value = castLike(item.value, local, item.type);
    if (value === undefined)
      tell(`the task's ${item.section}/${path} is "${item.value}", which the program's own value cannot be; it stays`);
    else setAt(object, path, value);
  }

  #set(section: string, path: string, value: unknown, isOverridden: boolean): unknown {
    const item = this.sections[section]?.[path];
    if (isOverridden && item !== undefined) return castLike(item.value, value, item.type) ?? value;
    this.recordItems(flatten({ [path]: value }).map(([name, inner]) => itemOf(section, name, inner, this.sections[section]?.[name])));
    return value;
  }
}
