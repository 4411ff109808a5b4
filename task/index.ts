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
export type { BaseDocker } from "./members/described.ts";
export type { ConnectOptions, ParameterOptions } from "./members/parameters.ts";
export type { StatusOptions, WaitOptions } from "./members/status.ts";
export type { QueueChange, QueueChoice } from "./queueing.ts";
export { type CloneOptions, type CredentialOptions, type InitOptions, Task } from "./task.ts";
