/** Every flag of `clearml-agent daemon` (clearml-agent.md 1.1 to 1.3), and what we do with it. */
export interface DaemonFlag {
  /** As commander writes it. */
  readonly flags: string;
  readonly about: string;
  /** What its value has to be, where any text will not do. */
  readonly value?: "seconds";
  /** Accepted without effect, with this reason in the help. */
  readonly ignored?: boolean;
  /** Refused by name with this sentence. */
  readonly refused?: string;
}

export const DAEMON_FLAGS: readonly DaemonFlag[] = [
  { flags: "--queue <NAME...>", about: "queues to serve, by name or id, in order of priority (default: the server's default queue)" },
  { flags: "--order-fairness", about: "take from the queues in turn instead of in order of priority" },
  {
    flags: "--docker [IMAGE...]",
    about: 'run tasks in containers; IMAGE for tasks that name none, flags of docker run after it: --docker IMAGE "-e FOO=1 -m 512m"',
  },
  { flags: "--gpus <GPUS>", about: "GPUs for the tasks: 0,1 or 0.1 (MIG) or all or none" },
  { flags: "--cpu-only", about: "no GPUs" },
  { flags: "--create-queue", about: "make queues that are missing" },
  { flags: "--polling-interval <SECONDS>", about: "how often to look for work on servers that cannot wait", value: "seconds" },
  { flags: "--log-level <LEVEL>", about: "DEBUG, INFO, WARN or ERROR" },
  { flags: "--git-user <USER>", about: "user for repositories over HTTPS" },
  {
    flags: "--git-pass <PASSWORD>",
    about: "password or token for repositories over HTTPS (the variable CLEARML_AGENT_GIT_PASS is not seen by others, this is)",
  },
  { flags: "--foreground", about: "stay in the foreground; it always does", ignored: true },
  { flags: "--force-current-version", about: "nothing of the agent is installed into containers", ignored: true },
  { flags: "--check-bootstrap", about: "there is no bootstrap package", ignored: true },
  { flags: "--detached", about: "run in the background", refused: "run it as a service (windlass install-service), or with nohup and &" },
  {
    flags: "--podman [IMAGE...]",
    about: "run tasks with podman",
    refused: "use --docker with DOCKER_HOST set to podman's Docker-compatible socket",
  },
  { flags: "--services-mode [N]", about: "many tasks at a time on one agent", refused: "use --slots N" },
  { flags: "--dynamic-gpus", about: "share GPUs between queues", refused: "use --gpus and --slots" },
  { flags: "--child-report-tags <TAG...>", about: "tags of a worker that runs a task", refused: "worker tags are not supported yet" },
  {
    flags: "--standalone-mode",
    about: "no network for code and packages",
    refused: "it is not supported yet; environments that were built once need no network",
  },
  { flags: "--uptime <HOURS...>", about: "working hours", refused: "schedules are not supported yet" },
  { flags: "--downtime <HOURS...>", about: "hours of rest", refused: "schedules are not supported yet" },
  { flags: "--stop [ID...]", about: "stop an agent", refused: "send SIGTERM to it (systemctl stop windlass)" },
  { flags: "--status", about: "print the schedule", refused: "schedules are not supported yet" },
  { flags: "--use-owner-token", about: "run tasks as their owner", refused: "it needs a server of the enterprise kind" },
  { flags: "-O", about: "flags for Python", refused: "set PYTHONOPTIMIZE in run.environment" },
];

/** commander's name of a flag: `--use-owner-token` → `useOwnerToken`. */
export function optionName(flag: DaemonFlag): string {
  const long = /--([\w-]+)/.exec(flag.flags)?.[1] ?? flag.flags.replace(/^-/, "");
  return long.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
