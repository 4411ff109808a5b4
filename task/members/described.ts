import { WindlassError } from "../../base/errors.ts";
import type { ContainerData, TaskType } from "../data.ts";
import { runsRemotely } from "../remote.ts";
import { TaskRecord } from "./record.ts";

export interface BaseDocker {
  /** Image, and with it the arguments of `docker run`, as one line. */
  readonly image?: string;
  readonly arguments?: string | readonly string[];
  /** A script that prepares the container, or its lines. */
  readonly setupScript?: string | readonly string[];
}

/** Names, tags, comments and the wanted container. */
export class DescribedTask extends TaskRecord {
  get name(): string {
    return this.known.name;
  }

  get taskType(): TaskType {
    return this.known.type;
  }

  get comment(): string {
    return this.known.comment ?? "";
  }

  get tags(): readonly string[] {
    return this.known.tags ?? [];
  }

  /** Id of the project; undefined for a task without one. */
  get project(): string | undefined {
    return this.known.project ?? undefined;
  }

  get parent(): string | undefined {
    return this.known.parent ?? undefined;
  }

  async setName(name: string): Promise<void> {
    await this.edit({ name });
  }

  async setComment(comment: string): Promise<void> {
    await this.edit({ comment });
  }

  /** The kind of work, as the web app shows it: one of the server's twelve words. */
  async setTaskType(type: TaskType): Promise<void> {
    await this.edit({ type });
  }

  /** Adds to the tags; a text is split at its spaces. */
  async addTags(tags: string | readonly string[]): Promise<void> {
    const added = typeof tags === "string" ? tags.split(" ") : tags;
    await this.edit({ tags: [...new Set([...this.tags, ...added])].filter((tag) => tag !== "") });
  }

  /** Replaces all tags. */
  async setTags(tags: readonly string[]): Promise<void> {
    await this.edit({ tags });
  }

  /** The task that this one came from, by id or itself. */
  async setParent(parent: string | { readonly id: string }): Promise<void> {
    const id = typeof parent === "string" ? parent : parent.id;
    if (id === this.id) throw new WindlassError("a task is not its own parent", { code: "bad-parent" });
    await this.edit({ parent: id });
  }

  /** Archived tasks stand apart in the web app and are left out of most lists. */
  async setArchived(archive: boolean): Promise<void> {
    const others = (this.known.system_tags ?? []).filter((tag) => tag !== "archived");
    await this.edit({ system_tags: archive ? [...others, "archived"] : others });
  }

  getArchived(): boolean {
    return this.known.system_tags?.includes("archived") === true;
  }

  /** Moves the task to another project, which is made when there is none; `tasks.move`. */
  async moveToProject(project: { readonly projectName: string } | { readonly projectId: string }): Promise<void> {
    const target = "projectName" in project ? { project_name: project.projectName } : { project: project.projectId };
    await this.connection.call("tasks.move", { ids: [this.id], ...target });
    await this.reload();
  }

  /** The container in which an agent runs this task. Has no effect while it runs under one. */
  async setBaseDocker({ image, arguments: args, setupScript }: BaseDocker): Promise<void> {
    if (runsRemotely(this.id)) return;
    const [name = "", ...inImage] = (image ?? "").trim().split(/\s+/);
    const container: ContainerData = {
      image: name,
      arguments: [...inImage, ...(typeof args === "string" ? [args] : (args ?? []))].join(" "),
      setup_shell_script: typeof setupScript === "string" ? setupScript : (setupScript ?? []).join("\n"),
    };
    await this.edit({ container });
  }

  /** Image and arguments as one line; undefined when none is wanted. */
  getBaseDocker(): string | undefined {
    const { image, arguments: args } = this.known.container ?? {};
    return image ? [image, args].filter(Boolean).join(" ") : undefined;
  }
}
