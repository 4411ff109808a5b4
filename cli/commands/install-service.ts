import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { WindlassError } from "../../base/errors.ts";
import { readIfThere } from "../../base/files.ts";
import { ownCommand } from "../service/own-command.ts";
import { checkedDaemonArguments, USUAL_NAME } from "../service/service-config.ts";
import { ServiceManager } from "../service/service-manager.ts";
import { MADE_BY, unitText } from "../service/unit-text.ts";

export interface ServiceFlags {
  readonly user?: boolean;
  readonly name?: string;
}

export interface InstallFlags extends ServiceFlags {
  readonly config?: string;
  readonly dryRun?: boolean;
}

/** An agent whose server is there is ready in a second or two; one whose server is away says so after a minute. */
const STARTS_WITHIN_MS = 15_000;

/** Writes the unit of a service, starts it now and at every start of the machine, and says how to look at it. */
export async function installServiceCommand(flags: InstallFlags, daemonFlags: readonly string[]): Promise<void> {
  const { manager, name } = chosenService(flags);
  const daemonArguments = await checkedDaemonArguments({ kind: manager.kind, name, config: flags.config, flags: daemonFlags });
  const text = unitText({ kind: manager.kind, name, command: [...ownCommand(), "daemon", ...daemonArguments] });
  const path = manager.unitPath(name);
  if (flags.dryRun === true) return say(`# ${path}\n${text}`);
  await manager.mustBeUsable();
  await mustBeOurs(path);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o644 });
  await manager.ask("daemon-reload");
  await manager.ask("enable", `${name}.service`);
  // A service that was there already gets its new unit now; its runs go on.
  await manager.ask("restart", "--no-block", `${name}.service`);
  const how = await howItStarts(manager, name);
  say(`${path} is written; the service ${name} is enabled and ${how}.\n${nextSteps(manager, name)}`);
}

export function chosenService(flags: ServiceFlags): { readonly manager: ServiceManager; readonly name: string } {
  const name = (flags.name ?? USUAL_NAME).replace(/\.service$/, "");
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
    throw new WindlassError(`${name} cannot be the name of a service`, { code: "bad-name", hint: "Letters, digits, ., - and _." });
  return { manager: new ServiceManager(flags.user === true ? "user" : "system"), name };
}

/** A unit that somebody else wrote is neither replaced nor removed. */
export async function mustBeOurs(path: string): Promise<void> {
  const text = await readIfThere(path);
  if (text !== undefined && !text.startsWith(MADE_BY))
    throw new WindlassError(`${path} was not written by windlass install-service`, {
      code: "foreign-unit",
      hint: "Move it away, or choose another --name.",
    });
}

/** Waits until it runs or has failed, but not for a server that is away. */
async function howItStarts(manager: ServiceManager, name: string): Promise<string> {
  for (const deadline = Date.now() + STARTS_WITHIN_MS; Date.now() < deadline; await pause(200)) {
    const [state, jobs] = await Promise.all([manager.property(name, "SubState"), manager.property(name, "Job")]);
    if (state === "running" && jobs === "") return `runs: ${await manager.property(name, "StatusText")}`;
    if (state === "failed" || state === "auto-restart") throw doesNotStart(manager, name);
  }
  return `is starting: ${await manager.property(name, "StatusText")}`;
}

function doesNotStart(manager: ServiceManager, name: string): WindlassError {
  return new WindlassError(`the service ${name} is installed, but ends at its start; it is tried again every few seconds`, {
    code: "service-failed",
    hint: `${manager.spelled(`journalctl --unit ${name} --lines 20`)} says why.`,
  });
}

function nextSteps(manager: ServiceManager, name: string): string {
  const lines = [
    `  ${manager.spelled(`systemctl status ${name}`)}`,
    `  ${manager.spelled(`journalctl --unit ${name} --follow`)}`,
    `  ${manager.spelled(`systemctl restart ${name}`)}   running tasks go on`,
    `  ${manager.spelled(`systemctl stop ${name}`)}      waits until running tasks have ended`,
  ];
  const boot = "It runs while you are logged in; to have it at every start of the machine: loginctl enable-linger";
  return [...lines, ...(manager.kind === "user" ? [boot] : [])].join("\n");
}

function say(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}
