import type { GpuSelection, RunSettings } from "../runner/settings.ts";
import type { ConfigFile } from "./config-schema.ts";
import type { DiskLimits } from "./disk/disk-limits.ts";

/** What was said on the command line; each beats environment and files. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly state?: string | undefined;
  readonly queues?: readonly string[] | undefined;
  readonly slots?: number | undefined;
  readonly gpus?: string | undefined;
  readonly cpuOnly?: boolean | undefined;
  readonly createQueue?: boolean | undefined;
  readonly orderFairness?: boolean | undefined;
  readonly metricsPort?: number | undefined;
  readonly pollIntervalSec?: number | undefined;
  readonly logLevel?: string | undefined;
  /** `--docker` without an image is the empty text. */
  readonly docker?: string | undefined;
  /** The rest of `--docker IMAGE ARGS…`. */
  readonly dockerArguments?: string | undefined;
  readonly gitUser?: string | undefined;
  readonly gitPassword?: string | undefined;
  readonly refresh?: boolean | undefined;
}

/** The agent's settings, complete and checked; made once, passed down in parts. */
export interface Config {
  readonly server: {
    readonly api: string;
    readonly files: string | undefined;
    readonly web: string | undefined;
    readonly accessKey: string | undefined;
    readonly secretKey: string | undefined;
    /** Instead of keys, as inside a run. */
    readonly token: string | undefined;
  };
  /** Base of the workers' ids, `name:slot`. */
  readonly name: string;
  /** A fixed worker id, as CLEARML_WORKER_ID gives it; only with one slot. */
  readonly workerId: string | undefined;
  readonly queues: readonly string[];
  readonly createQueue: boolean;
  readonly orderFairness: boolean;
  readonly slots: number;
  readonly gpus: GpuSelection;
  readonly stateFolder: string;
  readonly pollIntervalMs: number;
  readonly heartbeatMs: number;
  readonly drainDeadlineMs: number;
  /** What becomes of runs at the drain deadline. */
  readonly drainAction: "abort" | "hand-back" | "leave";
  /** What failed by the infrastructure before user code, and what the host lost. */
  readonly requeue: { readonly limit: number; readonly onLost: "fail" | "requeue" };
  readonly keepRunsMs: number;
  /** `schedule`: cron expression of the clean-up. */
  readonly disk: DiskLimits & { readonly schedule: string | undefined };
  /** Health and metrics over HTTP; undefined: off. Port 0 is any free one. */
  readonly metrics: { readonly host: string; readonly port: number } | undefined;
  readonly log: { readonly level: "debug" | "info" | "warn" | "error"; readonly format: "text" | "json" };
  readonly engine: "docker" | "process";
  readonly runSettings: RunSettings;
  readonly queueSettings: ConfigFile["queues"];
  /** Looks for lost tasks beside the agent's own work. */
  readonly janitor: { readonly enabled: boolean; readonly everyMs: number };
}

export interface LoadedConfig {
  readonly config: Config;
  /** Key of agent.config.yaml → where its value came from. */
  readonly origins: Readonly<Record<string, string>>;
  /** The same keys → the value that was set, in that file's own units. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Settings of a run from a certain queue. */
export function settingsFor(config: Config, queueName: string | undefined): RunSettings {
  const own = queueName === undefined ? undefined : config.queueSettings[queueName];
  if (own === undefined) return config.runSettings;
  const { run } = config.runSettings;
  return {
    ...config.runSettings,
    run: {
      ...run,
      parameters: own.parameters ?? run.parameters,
      timeLimitMs: own.time_limit ?? run.timeLimitMs,
      taskAccess: own.task_access ?? run.taskAccess,
    },
  };
}
