import type { ConfigFlags } from "../agent/config.ts";

/** Flags of the agent as commander gives them. */
export interface AgentFlagsGiven {
  readonly queue?: readonly string[];
  readonly slots?: number;
  readonly docker?: boolean | readonly string[];
  readonly gpus?: string;
  readonly cpuOnly?: boolean;
  readonly config?: string;
  readonly state?: string;
  readonly metricsPort?: number;
  readonly createQueue?: boolean;
  readonly orderFairness?: boolean;
  readonly pollingInterval?: string;
  readonly logLevel?: string;
  readonly gitUser?: string;
  readonly gitPass?: string;
  readonly refresh?: boolean;
}

/** `--docker IMAGE ARGS…` may come as one quoted text or as several words. */
export function agentFlags(given: AgentFlagsGiven): ConfigFlags {
  const words =
    given.docker === undefined || given.docker === false
      ? undefined
      : given.docker === true
        ? [""]
        : given.docker.join(" ").trim().split(/\s+/);
  const [image, ...rest] = words ?? [];
  return {
    config: given.config,
    state: given.state,
    queues: given.queue,
    slots: given.slots,
    gpus: given.gpus,
    cpuOnly: given.cpuOnly,
    createQueue: given.createQueue,
    orderFairness: given.orderFairness,
    metricsPort: given.metricsPort,
    pollIntervalSec: given.pollingInterval === undefined ? undefined : Number(given.pollingInterval),
    logLevel: given.logLevel,
    docker: image,
    dockerArguments: rest.length === 0 ? undefined : rest.join(" "),
    gitUser: given.gitUser,
    gitPassword: given.gitPass,
    refresh: given.refresh,
  };
}
