import { ApiFault } from "../api-fault.ts";
import { requiredTextList, textListOf } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { requireTarget, targetOf } from "./move-target.ts";
import { writableTasks } from "./task-access.ts";
import { changedNow, updateTask } from "./task-changes.ts";
import { touchProjects } from "./touched-project.ts";

/** Writes to a list of tasks, all or none (clearml-tasks-events.md 4). */
function moveTasks(call: Call, body: Body): object {
  requireTarget(body);
  const tasks = writableTasks(call, requiredTextList(body, "ids"), ["project"]);
  const project = targetOf(call, body);
  for (const task of tasks) updateTask(call, String(task["id"]), { project, ...changedNow(call) });
  touchProjects(call, project, ...tasks.map((task) => task["project"]));
  return { project_id: project };
}

/** Tags are added, then taken away; what is counted is each of the two for each task. */
function updateTags(call: Call, body: Body): object {
  const [added, removed] = [textListOf(body, "add_tags") ?? [], textListOf(body, "remove_tags") ?? []];
  const tasks = writableTasks(call, requiredTextList(body, "ids"), ["tags", "project"]);
  if (added.length === 0 && removed.length === 0)
    throw new ApiFault(400, 12, "Validation error (Either add tags or remove tags should be provided)");
  for (const task of tasks) updateTask(call, String(task["id"]), { tags: editedTags(task, added, removed), ...changedNow(call) });
  touchProjects(call, ...tasks.map((task) => task["project"]));
  return { updated: tasks.length * [added, removed].filter((tags) => tags.length > 0).length };
}

function editedTags(task: Document, added: readonly string[], removed: readonly string[]): string[] {
  const tags = task["tags"] as string[];
  const fresh = [...new Set(added)].filter((tag) => !tags.includes(tag));
  return [...tags, ...fresh].filter((tag) => !removed.includes(tag));
}

export const TASK_GROUP_ENDPOINTS: readonly Endpoint[] = [write("tasks.move", moveTasks), write("tasks.update_tags", updateTags)];
