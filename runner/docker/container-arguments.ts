import { readFile } from "node:fs/promises";
import { messageOf } from "../../base/errors.ts";
import { shellWords } from "../../base/shell-words.ts";
import { RunError } from "../run-error.ts";
import { type ContainerOptions, DOCKER_FLAGS, type Flag, OTHER_NAMES, SHORT_FLAGS } from "./docker-flags.ts";

export interface ArgumentPolicy {
  /** Flags that are refused, e.g. `--privileged`, `-v`, or with a value `--network=host`. */
  readonly forbidden: readonly string[];
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
    await apply(name, flag, text, into);
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
    return (SHORT_FLAGS[flag] ?? OTHER_NAMES[flag] ?? flag) === name && (only === undefined || only === value) && value !== "false";
  });
  if (forbidden !== undefined)
    throw new RunError("failed/container-arguments", `the agent does not allow --${name} (docker.forbidden_arguments)`, {
      hint: "Take it out of the task's container arguments, or ask the agent's operator.",
    });
}

async function apply(name: string, flag: Flag, value: string, into: ContainerOptions): Promise<void> {
  try {
    if (name === "env-file") into.env.push(...(await envFile(value)));
    else flag.apply(into, value);
  } catch (error) {
    throw refuse(`--${name} ${value}`, messageOf(error));
  }
}

/** NAME=VALUE lines of a file of the agent's machine; comments and empty lines are left out. */
async function envFile(path: string): Promise<string[]> {
  const lines = (await readFile(path, "utf8")).split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

const refuse = (flag: string, why: string): RunError =>
  new RunError("failed/container-arguments", `container.arguments: ${flag} cannot be used: ${why}`, {
    hint: "They are flags of docker run; docs/tasks.md lists those that work.",
  });
