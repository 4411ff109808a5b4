/** What the agent's configuration says about runs; made once in `agent/config.ts`, passed down. */
export interface RunSettings {
  readonly server: {
    readonly apiServer: string;
    readonly filesServer: string | undefined;
    readonly webServer: string | undefined;
  };
  readonly network: {
    /** A PEM file that git, pip, requests, curl, node and ssl trust in builds and runs; undefined: their own. */
    readonly caBundle: string | undefined;
    /** HTTP_PROXY and relatives, in both cases, as the agent has them. */
    readonly proxy: Readonly<Record<string, string>>;
  };
  readonly run: {
    /** SIGTERM → SIGKILL on abort. */
    readonly graceMs: number;
    /** Per task; undefined: none. A task may set a shorter one. */
    readonly timeLimitMs: number | undefined;
    readonly parameters: ParameterMode;
    /** What the run's token may change: the embedded server can limit it to the run's own task. */
    readonly taskAccess: "any-task" | "own-task";
    /** Environment variables for every run. */
    readonly environment: Readonly<Record<string, string>>;
  };
  readonly source: {
    readonly timeoutMs: number;
    readonly gitUser: string | undefined;
    readonly gitPassword: string | undefined;
    /** Only for this host; undefined: for any. */
    readonly gitHost: string | undefined;
  };
  readonly docker: {
    /** Socket path or `tcp://…`; undefined: DOCKER_HOST or the engine's default. */
    readonly host: string | undefined;
    /** For tasks that name no image. */
    readonly defaultImage: string | undefined;
    readonly defaultArguments: string;
    /** Placed before the task's own arguments, not subject to `forbidden`. */
    readonly extraArguments: string;
    /** Flags that a task may not use, e.g. `--privileged`. */
    readonly forbiddenArguments: readonly string[];
    readonly pull: "missing" | "always";
    /** `built`: image + set-up script + requirements; `image`: the image runs as it is. */
    readonly environment: "built" | "image";
  };
  readonly process: {
    /** `run`: the task's set-up script runs on this host; `skip`: one console line says that it was skipped. */
    readonly setupScript: "run" | "skip";
    /** Interpreter for tasks that name none; undefined: python3. */
    readonly python: string | undefined;
    /** Bytes; a memory limit for process runs where a cgroup can be made. */
    readonly memoryLimitBytes: number | undefined;
  };
  readonly environments: {
    /** Resolve unpinned requirements again when the environment is older; undefined: never. */
    readonly maxAgeMs: number | undefined;
    /** Build again now. */
    readonly refresh: boolean;
  };
  /** Values that are replaced in the console, e.g. tokens and passwords. */
  readonly secrets: readonly string[];
}

/** How parameters reach the program: through the SDK, as arguments, or (auto) by looking at the code. */
export type ParameterMode = "auto" | "sdk" | "arguments";

/** `all`: no choice was made; `none`: no GPU may be seen; else indices or MIG ids (`0.1`). */
export type GpuSelection = "all" | "none" | readonly string[];
