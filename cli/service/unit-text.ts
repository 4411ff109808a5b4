/** Whose service manager runs the agent: the machine's, or one user's own. */
export type ServiceKind = "system" | "user";

export interface UnitChoice {
  readonly kind: ServiceKind;
  /** Without `.service`. */
  readonly name: string;
  /** The command and its arguments. */
  readonly command: readonly string[];
}

/** The first words of every unit that Windlass writes: what carries them may be replaced and removed. */
export const MADE_BY = "# Written by windlass install-service";

/** The text of the service; `systemd/windlass.service` in the package is the one for /usr/local/bin/windlass. */
export function unitText({ kind, name, command }: UnitChoice): string {
  const isSystem = kind === "system";
  return `${MADE_BY}: windlass uninstall-service${isSystem ? "" : " --user"} removes it.
# Changes of your own belong into a drop-in: systemctl ${isSystem ? "" : "--user "}edit ${name}
[Unit]
Description=Windlass, a worker agent for ClearML queues
Documentation=https://www.npmjs.com/package/windlass
${isSystem ? "Wants=network-online.target\nAfter=network-online.target docker.service\n" : ""}# However often it fails, it is started again.
StartLimitIntervalSec=0

[Service]
Type=notify
# The agent speaks through systemd-notify, a process of its own. Programs of tasks are not told the address.
NotifyAccess=all
ExecStart=${command.map(quoted).join(" ")}
ExecReload=/bin/sh -c 'kill -HUP $MAINPID'
# CLEARML_* variables and credentials, if they are not in the configuration file.
EnvironmentFile=-${isSystem ? "/etc" : "%h/.config"}/windlass/environment
${isSystem ? `# Run state lives there, and outlives the service; a RuntimeDirectory would not.\nStateDirectory=${name}\nStateDirectoryMode=0700\n` : ""}\
# With a server that is away the agent says after a minute that it is up.
TimeoutStartSec=120
# Fed while the agent's loops move, whether the server answers or not. SIGKILL: an agent that hangs may not hear SIGABRT.
WatchdogSec=180
WatchdogSignal=SIGKILL
# Only the agent itself: its runs outlive it, also where they could not get a scope of their own.
KillMode=process
# stop: no new tasks, the running ones may finish (agent.drain_deadline); kill after it stops them. restart, and the
# machine going down: the agent leaves at once, its runs are the next agent's.
KillSignal=SIGTERM
TimeoutStopSec=infinity
Restart=on-failure
RestartSec=5
# 2: runs were stopped on demand. 3: runs were left to the next agent, which therefore has to come.
SuccessExitStatus=2 3
RestartForceExitStatus=3
# 64: flags that no restart makes right.
RestartPreventExitStatus=64
# A task that uses up the memory is the task's failure, not the agent's.
OOMPolicy=continue
# Programs of tasks may have as many threads as in a shell.
TasksMax=infinity
# No Delegate: a run gets a scope of its own, with its memory limit, beside this service and not below it.
# No hardening: programs of tasks inherit it. PrivateTmp, ProtectSystem, ProtectHome and all others that mount would give
# them, and the mounts of containers, another view of the disk; PrivateDevices takes GPUs away; NoNewPrivileges breaks sudo
# and setuid programs; MemoryDenyWriteExecute breaks JITs; RestrictSUIDSGID breaks unpacking. What is to be kept apart runs
# in containers.

[Install]
WantedBy=${isSystem ? "multi-user" : "default"}.target
`;
}

/** One word of ExecStart: systemd knows quotes, backslashes, `%` and `$`, and no shell. */
export function quoted(word: string): string {
  const plain = word.replaceAll("\\", "\\\\").replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@%+=:,./$\\-]+$/.test(plain) ? plain : `"${plain.replaceAll('"', '\\"')}"`;
}
