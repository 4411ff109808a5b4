import { ApiFault } from "../api-fault.ts";
import { flagOf, mapListOf, requiredText, requiredTextList } from "../body.ts";
import { type Body, type Call, type Endpoint, write } from "../endpoint.ts";
import { type Document, findDocument, updateDocument } from "../store/documents.ts";
import { PROJECT, TASK } from "../store/kinds.ts";
import { many } from "./many.ts";
import { carriedOut } from "./named-call.ts";
import { hasTag } from "./project-conditions.ts";
import { TASK_CLONE_ENDPOINTS } from "./task-clone.ts";
import { TASK_QUEUEING_ENDPOINTS } from "./task-queueing.ts";
import { TASK_REMOVAL_ENDPOINTS } from "./task-removal.ts";

/** Pipelines started anew, and runs of them deleted (clearml-services.md 6). */
function startPipeline(call: Call, body: Body): object {
  const queue = requiredText(body, "queue");
  const { id } = carriedOut(call, TASK_CLONE_ENDPOINTS, "tasks.clone", { task: requiredText(body, "task") });
  const pipeline = String(id);
  const clone = findDocument(call.db, TASK, pipeline, ["name", "project", "hyperparams"]) ?? {};
  const changes = { name: nameOf(call, clone), hyperparams: withArgs(clone["hyperparams"] as Document, mapListOf(body, "args") ?? []) };
  updateDocument(call.db, TASK, pipeline, changes);
  // Of an unknown queue the renamed clone stays behind, as a draft.
  const { queue_watched: watched } = carriedOut(call, TASK_QUEUEING_ENDPOINTS, "tasks.enqueue", {
    task: pipeline,
    queue,
    status_message: "Starting pipeline",
    verify_watched_queue: flagOf(body, "verify_watched_queue"),
  });
  return { pipeline, enqueued: true, ...(watched === undefined ? {} : { queue_watched: watched }) };
}

/** A run is named after its project and numbered; the clone, which has its source's name still, counts. */
function nameOf(call: Call, clone: Document): string {
  const project = findDocument(call.db, PROJECT, String(clone["project"] ?? ""), ["basename"]);
  if (project === undefined) return String(clone["name"]);
  const base = String(project["basename"]);
  const names = call.db.all<{ name: string }>(
    `SELECT name FROM tasks WHERE project = ? AND substr(name, 1, length(?)) = ? AND ${hasTag("system_tags", "pipeline")}`,
    String(clone["project"]),
    base,
    base,
  );
  const runs = names.filter(({ name }) => /^( #\d+)?$/.test(name.slice(base.length))).length;
  return runs === 0 ? base : `${base} #${runs}`;
}

function withArgs(sections: Document, args: readonly Document[]): Document {
  if (args.length === 0) return sections;
  const items = args.map((arg) => [requiredText(arg, "name"), { section: "Args", name: arg["name"], value: arg["value"] }] as const);
  return { ...sections, Args: { ...(sections["Args"] as Document | undefined), ...Object.fromEntries(items) } };
}

/** Of the runs of a project one must be left; ids of anything else are passed over. */
function deleteRuns(call: Call, body: Body): object {
  const project = requiredText(body, "project");
  const asked = new Set(requiredTextList(body, "ids"));
  const runs = call.db.all<{ id: string }>("SELECT id FROM tasks WHERE project = ? AND type = 'controller'", project).map((row) => row.id);
  if (runs.every((id) => asked.has(id))) throw new ApiFault(400, 160, "At least one pipeline run should be left", { project });
  const ids = runs.filter((id) => asked.has(id));
  return ids.length === 0 ? { succeeded: [], failed: [] } : many(deleteRun)(call, { ids });
}

/** A run goes with its steps, whatever their state. */
function deleteRun(call: Call, body: Body): object {
  const forced = { task: body["task"], force: true, include_pipeline_steps: true, status_message: "", status_reason: "" };
  return carriedOut(call, TASK_REMOVAL_ENDPOINTS, "tasks.delete", forced);
}

export const PIPELINE_ENDPOINTS: readonly Endpoint[] = [
  write("pipelines.start_pipeline", startPipeline),
  write("pipelines.delete_runs", deleteRuns),
];
