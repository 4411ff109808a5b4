import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { shellWords } from "../../base/shell-words.ts";
import { RunError } from "../run-error.ts";
import { insideOf } from "../source/inside.ts";
import { type ContainerOptions, DOCKER_FLAGS, type Flag, OTHER_NAMES, SHORT_FLAGS } from "./docker-flags.ts";

export interface ArgumentPolicy {
  /** Flags that are refused, e.g. `--privileged`, `-v`, or with a value `--network=host`. */
  readonly forbidden: readonly string[];
  /** The one folder whose files `--env-file` may read; undefined: any file of the agent's machine, for the operator's own flags. */
  readonly envFilesIn?: string | undefined;
}

export function noOptions(): ContainerOptions {
  return {
    env: [],
    binds: [],
    mounts: [],
    labels: {},
    exposedPorts: {},
    host: {},
    own: {},
    entrypoint: undefined,
    name: undefined,
    gpus: undefined,
  };
}

/** Reads docker's own flags into engine options; an unknown or forbidden one ends the run with its name. */
export async function readArguments(
  given: string | readonly string[] | undefined,
  policy: ArgumentPolicy,
  into: ContainerOptions = noOptions(),
): Promise<ContainerOptions> {
  const words = wordsOf(given);
  for (let at = 0; at < words.length; at++) {
    const { name, flag, value } = read(words[at] ?? "");
    const needsNext = flag.value && value === undefined;
    if (needsNext && at + 1 >= words.length) throw refuse(`--${name}`, "it needs a value");
    const text = needsNext ? (words[++at] ?? "") : (value ?? "true");
    check(name, text, policy);
    await apply(name, flag, text, into, policy);
  }
  return into;
}

function wordsOf(given: string | readonly string[] | undefined): string[] {
  if (given === undefined) return [];
  try {
    const words =
      typeof given === "string"
        ? shellWords(given)
        : given.flatMap((word) => (word.startsWith("-") && /\s/.test(word) ? shellWords(word) : [word]));
    return words.flatMap(splitCluster);
  } catch (error) {
    throw new RunError("failed/container-arguments", `container.arguments: ${messageOf(error)}`);
  }
}

/** `-it` is `-i -t`; `-eA=B` is `-e A=B`. */
function splitCluster(word: string): string[] {
  if (!/^-[A-Za-z]./.test(word)) return [word];
  const [, first = "", rest = ""] = /^-(.)(.*)$/s.exec(word) ?? [];
  const long = SHORT_FLAGS[first];
  const flag = long === undefined ? undefined : DOCKER_FLAGS[long];
  if (flag === undefined) return [word];
  return flag.value ? [`-${first}`, rest.replace(/^=/, "")] : [`-${first}`, ...splitCluster(`-${rest}`)];
}

const WORD = /^(--?)([^=]*)(=(.*))?$/s;

/** The one name under which a flag is looked up and forbidden. */
function longName(dashes: string, given: string): string {
  return (dashes === "-" ? SHORT_FLAGS[given] : OTHER_NAMES[given]) ?? given;
}

function read(word: string): { name: string; flag: Flag; value: string | undefined } {
  const [, dashes = "", given = "", , value] = WORD.exec(word) ?? [];
  if (dashes === "") throw refuse(word, "it is no flag");
  const name = longName(dashes, given);
  const flag = name === "env-file" ? { value: true, apply: () => undefined } : DOCKER_FLAGS[name];
  if (flag === undefined) throw refuse(`${dashes}${given}`, "it is unknown");
  return { name, flag, value };
}

/** Capabilities and namespaces of the host may be forbidden by flag, or by flag and value. */
function check(name: string, value: string, policy: ArgumentPolicy): void {
  const forbidden = policy.forbidden.find((entry) => {
    const [, flag = "", , only] = /^-*([^=]*)(=(.*))?$/s.exec(entry) ?? [];
    const forbids = SHORT_FLAGS[flag] ?? OTHER_NAMES[flag] ?? flag;
    return meanings(forbids).includes(name) && (only === undefined || sameValue(name, only, value)) && value !== "false";
  });
  if (forbidden !== undefined)
    throw new RunError("failed/container-arguments", `the agent does not allow --${name} (docker.forbidden_arguments)`, {
      hint: "Take it out of the task's container arguments, or ask the agent's operator.",
    });
}

/** What is forbidden under one name is not allowed under another: a bind mount has two. */
const meanings = (flag: string): string[] => (flag === "volume" ? ["volume", "mount"] : [flag]);

/** `CAP_SYS_ADMIN` and `sys_admin` are one capability. */
function sameValue(name: string, forbidden: string, value: string): boolean {
  const plain = (text: string): string => (name.startsWith("cap-") ? text.toUpperCase().replace(/^CAP_/, "") : text);
  return plain(forbidden) === plain(value);
}

async function apply(name: string, flag: Flag, value: string, into: ContainerOptions, policy: ArgumentPolicy): Promise<void> {
  try {
    if (name === "env-file") into.env.push(...(await envFile(value, policy.envFilesIn)));
    else flag.apply(into, value);
  } catch (error) {
    throw refuse(`--${name} ${value}`, messageOf(error));
  }
}

/** NAME=VALUE lines of a file; comments and empty lines are left out. A task's file lies in its own repository. */
async function envFile(name: string, folder: string | undefined): Promise<string[]> {
  const path = folder === undefined ? name : resolve(folder, name);
  if (folder !== undefined) await insideOf(folder, path, "the file of --env-file");
  const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

const refuse = (flag: string, why: string): RunError =>
  new RunError("failed/container-arguments", `container.arguments: ${flag} cannot be used: ${why}`, {
    hint: "They are flags of docker run; docs/tasks.md lists those that work.",
  });
