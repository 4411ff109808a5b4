import { availableParallelism, cpus, hostname, platform, release, totalmem } from "node:os";
import { version } from "../../base/version.ts";

/** What the task's runtime says about program and machine, under the official SDK's names where there are such (task-class.md C1). */
export function programRuntime(): Record<string, string> {
  return {
    "WINDLASS VERSION": version(),
    CLI: process.argv[1] ?? "",
    progress: "0",
    platform: `${platform()}-${release()}-${process.arch}`,
    node_version: process.versions.node,
    node_exec: process.execPath,
    OS: platform(),
    processor: cpus()[0]?.model ?? process.arch,
    cpu_cores: String(availableParallelism()),
    memory_gb: (totalmem() / 2 ** 30).toFixed(1),
    hostname: hostname(),
  };
}
