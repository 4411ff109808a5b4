import { stringify } from "yaml";
import type { Config, LoadedConfig } from "../agent/config.ts";
import { shippedSettings } from "./shipped-settings.ts";

/** A setting by its key in agent.config.yaml, in that file's units; its value is masked when it is secret. */
export interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
  /** The file has a key for it. */
  readonly isOfFile: boolean;
}

/** All settings in the order of agent.config.yaml; what only a variable can say (no key of the file) comes last. */
export async function effectiveSettings({ config, settings, origins }: LoadedConfig): Promise<Setting[]> {
  const found = computed(config);
  const defaults = new Map(await shippedSettings());
  const set = Object.keys(settings).filter((key) => !defaults.has(key));
  const within = (map: string): string[] => set.filter((key) => key.startsWith(`${map}.`));
  const keys = [...defaults.keys()].flatMap((key) => (within(key).length > 0 ? within(key) : [key]));
  const others = set.filter((key) => !keys.includes(key));
  return [...keys, ...others].map((key) => ({
    key,
    value: masked(key, settings[key] ?? defaults.get(key) ?? found[key] ?? null),
    origin: origins[key] ?? "default",
    isOfFile: !others.includes(key),
  }));
}

/** Defaults that depend on the machine, and so stand in no file. */
function computed({ server, name, stateFolder }: Config): Record<string, unknown> {
  return { "server.api": server.api, "agent.name": name, "agent.state": stateFolder };
}

/** Names of secrets, ours and those that people choose for variables; an access key names a key, it is none. */
const SECRET = /(secret_key|password|token|^secrets)$|^run\.environment\..*(secret|password|token|key|credential)/i;

function masked(key: string, value: unknown): unknown {
  if (!SECRET.test(key) || value === null) return value;
  return Array.isArray(value) ? value.map(() => "***") : "***";
}

/** As agent.config.yaml has them, each with its origin as a comment. */
export function settingsText(settings: readonly Setting[]): string {
  const lines: string[] = [];
  let before: readonly string[] = [];
  for (const setting of settings.filter(({ isOfFile }) => isOfFile)) {
    const branch = pathOf(setting.key).slice(0, -1);
    const from = branch.findIndex((name, at) => name !== before[at]);
    if (from >= 0) lines.push(...branch.slice(from).map((name, at) => `${"  ".repeat(from + at)}${flowText(name)}:`));
    lines.push(settingLine(setting, branch.length));
    before = branch;
  }
  const others = settings.filter(({ isOfFile }) => !isOfFile);
  lines.push(...others.map(({ key, value, origin }) => `# ${key} is ${flowText(value)}, which has no key here: ${origin}`));
  return lines.map((line) => `${line}\n`).join("");
}

/** Names that people choose, of queues and of variables, may hold dots themselves. */
function pathOf(key: string): string[] {
  const [, map = "", name = "", leaf] = /^(queues)\.(.+)\.(\w+)$/.exec(key) ?? /^(run\.environment)\.(.+)$/.exec(key) ?? [];
  return map === "" ? key.split(".") : [...map.split("."), name, ...(leaf === undefined ? [] : [leaf])];
}

function settingLine({ key, value, origin }: Setting, depth: number): string {
  const text = `${"  ".repeat(depth)}${flowText(pathOf(key).at(-1))}:${value === null ? "" : ` ${flowText(value)}`}`;
  return `${text.padEnd(ORIGIN_COLUMN)} # ${origin}`;
}

const ORIGIN_COLUMN = 50;

const flowText = (value: unknown): string => stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
