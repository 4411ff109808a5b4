import { access, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../../base/run-command.ts";
import { which } from "../../runner/environment/interpreter.ts";
import { hostEnvironment } from "../../runner/host-environment.ts";
import { type Check, type Finding, fail, ok, warn } from "./check.ts";
import type { DoctorContext } from "./context.ts";

/** Programs of this machine that the agent needs. */
export const TOOLS: readonly Check[] = [
  { id: "git", needs: ["configuration"], timeoutMs: 15_000, look: git },
  { id: "git credentials", needs: ["git"], timeoutMs: 15_000, look: gitCredentials },
  { id: "python", needs: ["configuration"], applies: (context) => !context.isDocker, timeoutMs: 30_000, look: python },
];

/** As the agent calls it: with its environment for helpers, nothing else. */
async function run(context: DoctorContext, signal: AbortSignal, command: string, ...args: string[]): Promise<CommandResult> {
  return await runCommand(command, args, { env: hostEnvironment(context.config.runSettings), signal });
}

async function git(context: DoctorContext, signal: AbortSignal): Promise<Finding> {
  if ((await which("git")) === undefined)
    return fail("git is not on the PATH", "Install it (apt install git): repositories of tasks are checked out with it.");
  const version = (await run(context, signal, "git", "--version")).stdout.trim().replace("git version ", "");
  const folder = (await run(context, signal, "git", "--exec-path")).stdout.trim();
  const https = await isThere(join(folder, "git-remote-https"));
  if (!https) return fail(`${version}, without its helper for https`, "Install the whole of git: git-remote-https is missing.");
  if ((await which("ssh")) === undefined)
    return warn(`${version}; no ssh`, "Install openssh-client, if repositories are named git@… or ssh://….");
  return ok(`${version}, https and ssh`);
}

async function gitCredentials(context: DoctorContext, signal: AbortSignal): Promise<Finding> {
  const { gitUser, gitPassword, gitHost } = context.config.runSettings.source;
  if (gitUser !== undefined && gitPassword === undefined)
    return warn(
      `git.user is ${gitUser}, but there is no git.password`,
      "Set git.password or CLEARML_AGENT_GIT_PASS, best with a token that may only read.",
    );
  const helpers = (await run(context, signal, "git", "config", "--get-all", "credential.helper")).stdout
    .split("\n")
    .filter((line) => line !== "");
  const folder = (await run(context, signal, "git", "--exec-path")).stdout.trim();
  for (const helper of helpers) {
    if (!(await helperIsThere(helper, folder)))
      return warn(
        `git is told to use the credential helper ${helper}, which is not there`,
        `Install it, or take credential.helper out of git's configuration.`,
      );
  }
  const ways = [
    ...(gitUser === undefined ? [] : [`https as ${gitUser}${gitHost === undefined ? "" : ` on ${gitHost}`}`]),
    ...helpers.map((helper) => `helper ${helper}`),
    ...((await isThere(join(homedir(), ".netrc"))) ? ["~/.netrc"] : []),
    ...(await sshWays()),
  ];
  return ok(ways.length === 0 ? "none: public repositories only" : ways.join(", "));
}

/** A name means `git-credential-NAME` on the PATH or beside git; a path or a line of shell is taken as it is. */
async function helperIsThere(helper: string, execFolder: string): Promise<boolean> {
  const [word = ""] = helper.split(" ");
  if (helper.startsWith("!")) return true;
  if (word.startsWith("/")) return await isThere(word);
  return (await which(`git-credential-${word}`)) !== undefined || (await isThere(join(execFolder, `git-credential-${word}`)));
}

async function sshWays(): Promise<string[]> {
  const names = ["id_ed25519", "id_ecdsa", "id_rsa"];
  const there = await Promise.all(names.map((name) => isThere(join(homedir(), ".ssh", name))));
  const keys = names.filter((_, at) => there[at]).map((name) => `~/.ssh/${name}`);
  return process.env["SSH_AUTH_SOCK"] === undefined ? keys : [...keys, "ssh agent"];
}

async function python(context: DoctorContext, signal: AbortSignal): Promise<Finding> {
  const wanted = context.config.runSettings.process.python ?? "python3";
  const path = await which(wanted);
  if (path === undefined)
    return fail(
      `there is no ${wanted} on the PATH`,
      "Install Python 3, name another with process.python, or run tasks in containers (--docker).",
    );
  const script = "import sys; print('.'.join(map(str, sys.version_info[:3]))); import venv, ensurepip";
  const { exitCode, stdout, stderr } = await run(context, signal, path, "-c", script);
  const version = stdout.trim();
  if (exitCode === 0) return ok(`${path} ${version}, with venv`);
  if (version !== "") return fail(`${path} ${version} cannot make virtual environments`, `Install ${await venvPackage(version)}.`);
  return fail(`${path} does not start (${stderr.trim().split("\n").at(-1) ?? ""})`, "Mend it, or name another with process.python.");
}

/** Debian and its relatives keep venv in a package of its own. */
async function venvPackage(version: string): Promise<string> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const short = version.split(".").slice(0, 2).join(".");
  return /debian|ubuntu/i.test(release) ? `it: apt install python${short}-venv` : "Python's venv and ensurepip modules";
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
