/**
 * Machine figures of a worker's report. Units as clearml-agent sends them, which differ from the server's schema
 * (clearml-agent.md 7): CPU and GPU usage in percent as lists, memory in MiB, disk and network in MiB/s, free disk in percent.
 */
export interface MachineStats {
  readonly cpu_usage?: readonly number[];
  readonly cpu_temperature?: readonly number[];
  readonly memory_used?: number;
  readonly memory_free?: number;
  readonly disk_free_home?: number;
  readonly disk_free_temp?: number;
  readonly disk_read?: number;
  readonly disk_write?: number;
  readonly network_tx?: number;
  readonly network_rx?: number;
  readonly gpu_usage?: readonly number[];
  readonly gpu_temperature?: readonly number[];
  readonly gpu_memory_free?: readonly number[];
  readonly gpu_memory_used?: readonly number[];
}

export interface WorkerReport {
  readonly worker: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly queues?: readonly string[];
  /** The running task; absent when idle. */
  readonly task?: string;
  /** The queue that the running task came from. */
  readonly queue?: string;
  readonly machine_stats?: MachineStats;
  readonly tags?: readonly string[];
}

/** One row of `workers.get_all`. */
export interface WorkerInfo {
  readonly id: string;
  readonly ip?: string;
  readonly task?: { readonly id: string; readonly name?: string; readonly running_time?: number };
  readonly queue?: { readonly id: string; readonly name?: string };
  readonly queues?: readonly { readonly id: string; readonly name?: string; readonly num_tasks?: number }[];
  readonly register_time?: string;
  readonly last_activity_time?: string;
  readonly tags?: readonly string[];
}
