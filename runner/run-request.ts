import type { Task } from "../api/wire/task.ts";
import type { Logger } from "../base/logger.ts";
import type { EventSink } from "../monitor/event-sink.ts";
import type { HostProbe } from "../monitor/resources/host-probe.ts";
import type { Engine, RunHandle } from "./engine.ts";
import type { Outcome, Phase } from "./outcome.ts";
import type { GpuSelection, RunSettings } from "./settings.ts";

/** One claimed task, to be run once. */
export interface RunRequest {
  readonly task: Task;
  readonly runId: string;
  readonly agentId: string;
  readonly worker: string;
  readonly folder: string;
  readonly stateFolder: string;
  readonly gpus: GpuSelection;
  /** From enqueue to claim, when known. */
  readonly waitedMs: number | undefined;
  /** Stands in for the agent's key inside the run. */
  readonly token: string;
  readonly logLevel: string;
}

/** What a run tells the outside while it goes on; implemented in `agent/` (journal) and from the API. */
export interface RunObserver {
  readonly sink: EventSink;
  /** Each change of phase, before it begins. */
  phase(phase: Phase): Promise<void>;
  /** The program is running and can be found again by this handle; returns once that is on disk. */
  launched(handle: RunHandle): Promise<void>;
  /** The console is complete on the server, nothing of the program is left running: this is how it ended. Called once. */
  ended(outcome: Outcome): Promise<void>;
  /** `script.version_num`, environment key, image, what was installed: written to the task, best effort. */
  record(facts: RunFacts): Promise<void>;
}

/** What the agent learnt about a run and writes back to the task. */
export interface RunFacts {
  readonly commit?: string;
  readonly branch?: string;
  readonly image?: string;
  readonly environmentKey?: string;
  readonly installed?: readonly string[];
}

export interface RunDeps {
  readonly engine: Engine;
  readonly settings: RunSettings;
  readonly observer: RunObserver;
  /** The machine's figures, a probe of this run's own. */
  readonly host: HostProbe;
  readonly logger: Logger;
}
