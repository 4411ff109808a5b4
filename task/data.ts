import type { TASK_TYPES, TaskStatus } from "../api/wire/task-types.ts";

export type TaskType = (typeof TASK_TYPES)[number];

/** One hyper-parameter as the server keeps it; every value is a text (task-class.md A3). */
export interface ParameterItem {
  readonly section: string;
  readonly name: string;
  readonly value: string;
  readonly type?: string | undefined;
  readonly description?: string | undefined;
}

/** section → name → parameter. */
export type ParameterSections = Readonly<Record<string, Readonly<Record<string, ParameterItem>>>>;

export interface ConfigurationItem {
  readonly name: string;
  readonly value: string;
  readonly type?: string | undefined;
  readonly description?: string | undefined;
}

export interface ScriptData {
  readonly binary?: string;
  readonly repository?: string;
  readonly branch?: string;
  readonly version_num?: string;
  readonly tag?: string;
  readonly entry_point?: string;
  readonly working_dir?: string;
  readonly diff?: string;
  readonly requirements?: Readonly<Record<string, string>>;
}

export interface ContainerData {
  readonly image?: string;
  readonly arguments?: string;
  readonly setup_shell_script?: string;
}

/** An artifact as the server keeps it (task-class.md D1). */
export interface ArtifactData {
  readonly key: string;
  readonly type: string;
  readonly mode?: "input" | "output";
  readonly uri?: string;
  readonly content_size?: number;
  readonly hash?: string;
  /** Seconds since the epoch. */
  readonly timestamp?: number;
  readonly type_data?: { readonly preview?: string; readonly content_type?: string; readonly data_hash?: string };
  readonly display_data?: readonly (readonly [string, string])[];
}

export interface ExecutionData {
  readonly queue?: string | null;
  readonly artifacts?: readonly ArtifactData[];
  readonly model_labels?: Readonly<Record<string, number>>;
  readonly model_desc?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface LastMetric {
  readonly metric: string;
  readonly variant: string;
  readonly value: number;
  readonly min_value: number;
  readonly max_value: number;
}

/** The server's task document (clearml-api.md 2), as it comes: what a task does not have is absent. */
export interface TaskData {
  readonly id: string;
  readonly name: string;
  readonly type: TaskType;
  readonly status: TaskStatus;
  readonly status_reason?: string;
  readonly status_message?: string;
  readonly comment?: string;
  readonly project?: string | null;
  readonly parent?: string | null;
  readonly tags?: readonly string[];
  readonly system_tags?: readonly string[];
  readonly script?: ScriptData;
  readonly container?: ContainerData;
  readonly execution?: ExecutionData;
  readonly hyperparams?: ParameterSections;
  readonly configuration?: Readonly<Record<string, ConfigurationItem>>;
  readonly models?: { readonly input?: readonly ModelEntry[]; readonly output?: readonly ModelEntry[] };
  readonly output?: { readonly destination?: string };
  readonly runtime?: Readonly<Record<string, unknown>>;
  readonly last_iteration?: number | null;
  readonly last_metrics?: Readonly<Record<string, Readonly<Record<string, LastMetric>>>>;
  /** Dates are ISO texts. */
  readonly created?: string;
  readonly started?: string;
  readonly completed?: string;
  readonly last_update?: string;
  readonly [field: string]: unknown;
}

export interface ModelEntry {
  readonly name: string;
  readonly model: string;
}
