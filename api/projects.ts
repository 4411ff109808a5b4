import { WindlassError } from "../base/errors.ts";
import { ApiError } from "./api-error.ts";
import type { CallOptions, Session } from "./session.ts";
import type { ProjectId } from "./wire/ids.ts";

/** What matches this name and no other, in a query. */
export const exactly = (name: string): string => `^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`;

/** The project of that full name, made when there is none. */
export async function ensureProject(session: Pick<Session, "call">, name: string, options?: CallOptions): Promise<ProjectId> {
  const query = { name: exactly(name), only_fields: ["id", "name"], search_hidden: true };
  const found = await session.call<{ projects: { id: ProjectId; name: string }[] }>("projects.get_all", query, {
    ...options,
    needs: { projects: "list" },
  });
  const project = found.projects.find((candidate) => candidate.name === name);
  if (project !== undefined) return project.id;
  try {
    return (await session.call<{ id: ProjectId }>("projects.create", { name, description: "" }, { ...options, needs: { id: "text" } })).id;
  } catch (error) {
    if (!(error instanceof ApiError) || error.retryable) throw error;
    throw new WindlassError(`the project "${name}" cannot be made: ${error.reason}`, {
      code: error.code,
      hint: "Each part of its name, between slashes, has three characters at least.",
      cause: error,
    });
  }
}
