import type { Task } from "../api/wire/task.ts";
import type { RunConsole } from "../monitor/console/run-console.ts";
import type { FigureSource } from "../monitor/resources/figure-source.ts";
import type { GpuSelection, RunSettings } from "./settings.ts";
import type { Source } from "./source/source.ts";

/** What every step of one run is given. */
export interface RunContext {
  readonly task: Task;
  /** Names this execution: container name, labels, journal. */
  readonly runId: string;
  /** The random id of the agent's state folder; on every label. */
  readonly agentId: string;
  readonly worker: string;
  /** `STATE/runs/RUNID`, 0700: console.log, cursor.json, workspace/, exit, parameters.json. */
  readonly folder: string;
  /** The agent's state folder: mirrors/, environments/, locks/, runs/. */
  readonly stateFolder: string;
  readonly settings: RunSettings;
  readonly gpus: GpuSelection;
  /** The task's console, for lines of our own (build output, notices); they go live. */
  readonly console: RunConsole;
  /** Aborted on user abort, time limit or agent stop, with a `Cancelled` reason. */
  readonly signal: AbortSignal;
}

/** What the code runs in. Made once per key, then shared and never changed by a run. */
export interface Environment {
  /** It was there already: nothing was built, no network was used. */
  readonly hit: boolean;
  /** Content key, or the image's id when it runs as it is. */
  readonly key: string;
  /** For processes the venv's python; for Docker the name to look up inside the image. */
  readonly python: string;
  /** For processes: the folder of the virtual environment, where there is one. */
  readonly venv?: string;
  /** Docker: the image to run. */
  readonly image?: string;
  /** What was really installed (`pip freeze` lines), when known. */
  readonly installed?: readonly string[];
}

/** The program to start, engine-neutral. Paths are as the program sees them. */
export interface Launch {
  readonly argv: readonly string[];
  /** Everything the program sees (plus, in Docker, the image's own); never inherited from the agent. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Enough to find the run again after a crash of the agent; goes to the journal as JSON. */
export type RunHandle =
  | { readonly kind: "container"; readonly containerId: string; readonly name: string }
  | { readonly kind: "process"; readonly pid: number; readonly startTime: string; readonly bootId: string };

export interface Exit {
  /** 128 + n for a program killed by signal n. */
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** When it ended, where that was earlier than its being noticed; ms since the epoch. */
  readonly endedAtMs?: number | undefined;
  /** Nobody knows how it ended: neither exit file nor process, the container vanished, or the engine went down with it. */
  readonly lost?: "killed" | "engine-restart";
}

/** A started program. It does not die with the agent. */
export interface Running {
  readonly handle: RunHandle;
  /** Where its own CPU, memory, disk and network figures come from. */
  readonly figures: FigureSource;
  /** Settles when the program ended; an event, not a poll. */
  readonly exited: Promise<Exit>;
  /** SIGTERM to the whole group or container, `graceMs`, SIGKILL; resolves when nothing is left. May be called twice. */
  stop(graceMs: number): Promise<void>;
  /** Removes what is left of it (container, exit file, descendants). After `exited` and after the console is complete. */
  remove(): Promise<void>;
}

/** Where a program runs: containers (`runner/docker/`) or plain processes (`runner/process/`). */
export interface Engine {
  readonly kind: "docker" | "process";
  /** Finds or builds the environment; its output goes to the console live. Throws RunError. */
  prepare(context: RunContext, source: Source): Promise<Environment>;
  /** The paths and addresses a program will see, needed to compose its environment variables and arguments. */
  view(context: RunContext, source: Source, environment: Environment): Promise<ProgramView>;
  /** Starts the program with its output appended to `context.console.path`. Throws RunError. */
  launch(context: RunContext, source: Source, environment: Environment, launch: Launch): Promise<Running>;
  /**
   * Finds a program that an earlier agent process started again, running or ended: by its handle, or, when that agent died
   * before it could write the handle down, by the run's id. Undefined: nothing of it was ever started, or nothing is left.
   */
  adopt(context: RunContext, handle: RunHandle | undefined): Promise<Running | undefined>;
  /** Removes a folder of the run in which the program may have written as another user. Best effort; the error is the caller's. */
  removeFolder(context: RunContext, folder: string): Promise<void>;
  /** Removes programs of this agent that belong to none of these runs; how many there were. Young ones are left alone. */
  removeStrays(agentId: string, alive: ReadonlySet<string>): Promise<number>;
  close(): Promise<void>;
}

/** How the world looks from inside the program. */
export interface ProgramView {
  readonly workspace: string;
  /** Working directory: workspace + `script.working_dir`. */
  readonly cwd: string;
  /** Where `context.folder`'s files for the program (parameters.json) are. */
  readonly runFiles: string;
  /** API, files and web address as the program can reach them (a loopback server is relayed into containers). */
  readonly apiServer: string;
  readonly filesServer: string | undefined;
  readonly webServer: string | undefined;
  /** Path of the CA bundle inside, when `network.ca_bundle` is set. */
  readonly caBundle: string | undefined;
}
