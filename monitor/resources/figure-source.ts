/** Cumulative and momentary figures of one run (a container, a cgroup, a process tree). Counters since its start. */
export interface RunFigures {
  /** CPU seconds used since the start. */
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly diskReadBytes?: number | undefined;
  readonly diskWriteBytes?: number | undefined;
  readonly networkRxBytes?: number | undefined;
  readonly networkTxBytes?: number | undefined;
}

export interface FigureSource {
  /** Figures of this moment, or undefined when the run is gone. Cheap enough for once a second. */
  sample(): Promise<RunFigures | undefined>;
}
