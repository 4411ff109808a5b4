import type { ConfigFlags } from "../agent/config.ts";
import { usageError } from "./report-error.ts";

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
  /** In seconds. */
  readonly pollingInterval?: number;
  readonly logLevel?: string;
  readonly gitUser?: string;
  readonly gitPass?: string;
  readonly refresh?: boolean;
}

/** `--docker IMAGE ARGS…` may come as one quoted text or as several words. */
export function agentFlags(given: AgentFlagsGiven): ConfigFlags {
  const [image, rest] = dockerFlags(given.docker);
  return {
    config: given.config,
    state: given.state,
    queues: checkedQueues(given.queue),
    slots: given.slots,
    gpus: given.gpus,
    cpuOnly: given.cpuOnly,
    createQueue: given.createQueue,
    orderFairness: given.orderFairness,
    metricsPort: given.metricsPort,
    pollIntervalSec: given.pollingInterval,
    logLevel: given.logLevel,
    docker: image,
    dockerArguments: rest,
    gitUser: given.gitUser,
    gitPassword: given.gitPass,
    refresh: given.refresh,
  };
}

/** The image (empty: the configured one), and what follows it. */
function dockerFlags(given: AgentFlagsGiven["docker"]): [image: string | undefined, rest: string | undefined] {
  if (given === undefined || given === false) return [undefined, undefined];
  const [, image = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(given === true ? "" : given.join(" ").trim()) ?? [];
  if (image.startsWith("-")) throw usageError(`--docker: "${image}" is not an image`, 'Name the image first: --docker IMAGE "-m 512m".');
  return [image, rest === "" ? undefined : rest];
}

function checkedQueues(names: readonly string[] | undefined): readonly string[] | undefined {
  if (names?.some((name) => name.trim() === ""))
    throw usageError('--queue: "" is not a queue', "Write names or ids of queues: --queue A B.");
  return names;
}
