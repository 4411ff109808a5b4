export { Artifact } from "./artifacts/artifact.ts";
export type { ShapedArray } from "./artifacts/numpy.ts";
export type { ArtifactObject } from "./artifacts/serialize.ts";
export type { CreateOptions } from "./create.ts";
export type {
  ArtifactData,
  ConfigurationItem,
  ContainerData,
  ParameterItem,
  ParameterSections,
  ScriptData,
  TaskData,
  TaskType,
} from "./data.ts";
export type { ExportedTask } from "./exchange.ts";
export type { FindOptions, Project } from "./find.ts";
export type { Figure, TableRow } from "./logger/figures.ts";
export type { ImageContent } from "./logger/image-name.ts";
export { Logger, type LogLevel, type Series } from "./logger/logger.ts";
export type { ArtifactOptions, WatchedRows } from "./members/artifacts.ts";
export type { CredentialOptions } from "./members/beside.ts";
export type { BaseDocker } from "./members/described.ts";
export type { DeleteOptions, InputModelOptions, OutputModelOptions, TaskModels } from "./members/models.ts";
export type { ConnectOptions, ParameterOptions } from "./members/parameters.ts";
export type { StatusOptions, WaitOptions } from "./members/status.ts";
export { Model } from "./models/model.ts";
export type { QueueChange, QueueChoice } from "./queueing.ts";
export { type CloneOptions, type InitOptions, Task } from "./task.ts";
