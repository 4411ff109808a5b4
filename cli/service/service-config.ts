import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { DAEMON_FLAGS } from "../../agent/daemon-flags.ts";
import { WindlassError } from "../../base/errors.ts";
import { readIfThere } from "../../base/files.ts";
import { type DaemonFlagsGiven, daemonConfig, describeDaemon } from "../daemon-options.ts";
import { isThere } from "./service-manager.ts";
import type { ServiceKind } from "./unit-text.ts";

export interface ServiceChoice {
  readonly kind: ServiceKind;
  readonly name: string;
  /** `--config`. */
  readonly config: string | undefined;
  /** What stands behind `--`. */
  readonly flags: readonly string[];
}

/** The name whose state folder is the agent's default. */
export const USUAL_NAME = "windlass";

/**
 * The arguments of the service's `windlass daemon`, after they and the configuration were checked as the service will see
 * them: without this shell's variables.
 */
export async function checkedDaemonArguments(choice: ServiceChoice): Promise<string[]> {
  const given = parsedFlags(choice.flags);
  const file = resolve(choice.config ?? given.config ?? defaultConfig(choice.kind));
  const variables = await serviceVariables(choice.kind);
  if (!(await isThere(file)) && (choice.config !== undefined || !hasServer(variables) || given.config !== undefined)) throw noConfig(file);
  const config = (await isThere(file)) ? file : undefined;
  const { origins } = await daemonConfig({ ...given, ...(config === undefined ? {} : { config }) }, variables);
  return [
    ...(config === undefined || given.config !== undefined ? [] : ["--config", config]),
    ...(origins["agent.state"] === undefined && choice.name !== USUAL_NAME ? ["--state", stateFolder(choice)] : []),
    ...choice.flags,
  ];
}

function parsedFlags(flags: readonly string[]): DaemonFlagsGiven {
  const daemon = describeDaemon(new Command("daemon"))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  try {
    return daemon.parse([...flags], { from: "user" }).opts();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new WindlassError(`windlass daemon would not take these flags: ${error.message}`, {
      code: "bad-flags",
      hint: `windlass daemon --help lists them (${DAEMON_FLAGS[0]?.flags.split(" ")[0]} and others).`,
    });
  }
}

function defaultConfig(kind: ServiceKind): string {
  return kind === "system" ? "/etc/windlass/agent.config.yaml" : join(homedir(), ".config/windlass/agent.config.yaml");
}

function stateFolder({ kind, name }: ServiceChoice): string {
  return kind === "system" ? join("/var/lib", name) : join(homedir(), ".local/state", name);
}

/** What systemd gives a service, and what the file of the unit's EnvironmentFile adds. */
async function serviceVariables(kind: ServiceKind): Promise<Record<string, string>> {
  const folder = kind === "system" ? "/etc" : join(homedir(), ".config");
  const text = (await readIfThere(join(folder, "windlass/environment"))) ?? "";
  const assignments = text.split("\n").flatMap((line) => {
    const match = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line);
    return match === null ? [] : [[match[1] ?? "", (match[2] ?? "").trim().replace(/^(["'])(.*)\1$/, "$2")] as const];
  });
  return { HOME: homedir(), PATH: process.env["PATH"] ?? "", ...Object.fromEntries(assignments) };
}

function hasServer(variables: Readonly<Record<string, string>>): boolean {
  return ["CLEARML_API_HOST", "CLEARML_CONFIG_FILE", "WINDLASS_CONFIG"].some((name) => (variables[name] ?? "") !== "");
}

function noConfig(file: string): WindlassError {
  return new WindlassError(`there is no configuration ${file}: the service would not know its server`, {
    code: "bad-config",
    hint: `windlass init --file ${file} writes one; --config names another.`,
  });
}
