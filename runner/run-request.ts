import type { Task } from "../api/wire/task.ts";
import type { CancelReason } from "../base/cancelled.ts";
import type { Logger } from "../base/logger.ts";
import type { HostIdentity } from "../base/process-identity.ts";
import type { EventSink } from "../monitor/event-sink.ts";
import type { HostProbe } from "../monitor/resources/host-probe.ts";
import type { Engine, RunHandle } from "./engine.ts";
import type { Outcome, Phase, Timings } from "./outcome.ts";
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

/** Everything that the next agent process needs to find a started program again and to clean up behind it; JSON. */
export interface Launched {
  readonly handle: RunHandle;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly host: HostIdentity;
  readonly timings: Timings;
  readonly held: Held | undefined;
}

/** What a run holds in a mirror: its commit stays there as long as it runs. */
export interface Held {
  readonly mirror: string;
  readonly commit: string;
}

/** That the program is being stopped, and why; JSON. */
export interface Stopping {
  readonly reason: CancelReason;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** The agent left in the middle of it on purpose: who lives on may. */
  readonly left?: boolean;
}

/** How a run ended, once that is settled; JSON. */
export interface Decided {
  readonly outcome: Outcome;
  /** What becomes of the task now, for the last lines: that it is queued again, say. */
  readonly next: string | undefined;
  /** Length of the console before its last lines: from there they are written again after a crash. */
  readonly consoleBytes: number;
}

/** Where an earlier agent process stopped with this run. */
export type Resume =
  /** User code may or may not have been started; `begun`: how often an agent went on with it from there. */
  | {
      readonly stage: "started";
      readonly begun: number;
      /** How far it came is not known: it must not be begun anew. */
      readonly mayHaveRun?: boolean;
    }
  | { readonly stage: "launched"; readonly launched: Launched; readonly stopping?: Stopping | undefined }
  | { readonly stage: "ended"; readonly launched: Launched | undefined; readonly decided: Decided };

/** What a run tells the outside while it goes on; implemented in `agent/` (journal) and from the API. */
export interface RunObserver {
  readonly sink: EventSink;
  /** Each change of phase, before it begins. */
  phase(phase: Phase): void;
  /** Asked before a run of an earlier agent process is begun anew: whether its task is still ours. Waits for the server. */
  mayBeginAgain(signal: AbortSignal): Promise<boolean>;
  /** The program is running and can be found again; returns once that is on disk. */
  launched(launched: Launched): Promise<void>;
  /** The program will be told to stop; returns once that is on disk. */
  stopping(stopping: Stopping): Promise<void>;
  /** A sentence about what becomes of a task that ended so; undefined: nothing more. */
  next(outcome: Outcome): string | undefined;
  /** It is settled how the run ended; returns once that is on disk. */
  decided(decided: Decided): Promise<void>;
  /** Nothing of the program is left: its slot is free. The rest is a matter of reports. */
  over(outcome: Outcome): void;
  /** The console is complete on the server: this is how the run ended. Called once, last. */
  ended(outcome: Outcome): Promise<void>;
  /** `script.version_num`, environment key, image, what was installed: written to the task, best effort. */
  record(facts: RunFacts, signal: AbortSignal): Promise<void>;
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
  /** Loaded, and connected to, when the first run needs it. Throws RunError. */
  readonly engine: () => Promise<Engine>;
  readonly settings: RunSettings;
  readonly observer: RunObserver;
  /** The machine's figures, a probe of this run's own. */
  readonly host: HostProbe;
  readonly logger: Logger;
}
