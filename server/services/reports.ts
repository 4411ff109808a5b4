import { ApiFault } from "../api-fault.ts";
import { givenOf, nameOf, requiredText, tagsOf, textListOf, textOf, wireDate } from "../body.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, updateDocument } from "../store/documents.ts";
import { TASK } from "../store/kinds.ts";
import { deleteEventsOf } from "./event-removal.ts";
import { dropEmptyFolder, folderOf, REPORT_TAGS, reportFolder } from "./report-folders.ts";
import { getReports, getTaskData } from "./report-queries.ts";
import { shortened } from "./shortened.ts";
import { changeStatus, stateOf } from "./statuses.ts";
import { changedNow, updatedNow } from "./task-changes.ts";
import { insertTask } from "./tasks.ts";
import { touchProjects } from "./touched-project.ts";

/** Reports are tasks of their own type in hidden folders (clearml-services.md 5). */
function requireReport(call: Call, body: Body): Document {
  const id = requiredText(body, "task");
  const state = stateOf(call, id);
  if (state["type"] !== "report") throw new ApiFault(400, 150, "Passed task is not report", { id });
  return state;
}

/** `report` and `report_assets` of the request are not stored, as there. */
function create(call: Call, body: Body): object {
  const folder = reportFolder(call, folderOf(call, textOf(body, "project")));
  const id = insertTask(call, {
    name: nameOf(body),
    type: "report",
    project: folder,
    tags: tagsOf(body, "tags") ?? [],
    system_tags: [...REPORT_TAGS],
    comment: textOf(body, "comment"),
  });
  return { id, project_id: folder };
}

const ALWAYS_EDITABLE = ["name", "tags", "comment"];

function update(call: Call, body: Body): object {
  const { id, status } = requireReport(call, body);
  const fields = givenFields(body);
  const names = Object.keys(fields);
  if (status !== "created" && names.some((name) => !ALWAYS_EDITABLE.includes(name)))
    throw new ApiFault(400, 110, "Invalid task status", { expected: "created", status });
  if (names.length === 0) return { updated: 0, fields: {} };
  const { name, ...others } = fields;
  const changes = typeof name === "string" ? { ...others, name: nameOf(fields) } : others;
  updateDocument(call.db, TASK, String(id), { ...changes, ...updatedNow(call) });
  return { updated: 1, fields: typeof fields["report"] === "string" ? { ...fields, report: shortened(fields["report"]) } : fields };
}

function givenFields(body: Body): Document {
  return givenOf(body, {
    name: textOf(body, "name"),
    tags: tagsOf(body, "tags"),
    comment: textOf(body, "comment"),
    report: textOf(body, "report"),
    report_assets: textListOf(body, "report_assets"),
  });
}

function move(call: Call, body: Body): object {
  const name = textOf(body, "project_name") ?? "";
  if (name === "" && body["project"] === undefined)
    throw new ApiFault(400, 11, "Missing required fields (project or project_name is required)");
  const report = requireReport(call, body);
  const folder = reportFolder(call, name === "" ? folderOf(call, textOf(body, "project")) : name);
  updateDocument(call.db, TASK, String(report["id"]), { project: folder, last_change: wireDate(call.nowMs) });
  touchProjects(call, report["project"], folder);
  dropEmptyFolder(call, report["project"]);
  return { project_id: folder };
}

/** Always by force, and again as often as one likes. */
function publish(call: Call, body: Body): object {
  const task = String(requireReport(call, body)["id"]);
  const message = textOf(body, "message") ?? "";
  return changeStatus(call, { task, to: "published", message, force: true, changes: { published: wireDate(call.nowMs) } });
}

function setArchived(call: Call, body: Body, archived: boolean): void {
  const report = requireReport(call, body);
  const tags = (report["system_tags"] as string[]).filter((tag) => tag !== "archived");
  updateDocument(call.db, TASK, String(report["id"]), {
    system_tags: (archived ? [...tags, "archived"] : tags).toSorted(),
    status_message: textOf(body, "message") ?? "",
    status_reason: "",
    ...changedNow(call),
  });
}

function deleteReport(call: Call, body: Body): object {
  const { id, project } = requireReport(call, body);
  deleteEventsOf(call, String(id));
  call.db.run("DELETE FROM tasks WHERE id = ?", String(id));
  call.effects.tasks.add(String(id));
  dropEmptyFolder(call, project);
  return { deleted: 1 };
}

function getTags(call: Call): object {
  const rows = call.db.all<{ tag: string }>(
    `SELECT DISTINCT tag.value AS tag FROM (SELECT tags AS list FROM tasks WHERE type = 'report' AND company = ?) AS report,
       json_each(coalesce(report.list, '[]')) AS tag ORDER BY 1`,
    call.caller.company,
  );
  return { tags: rows.map((row) => row.tag) };
}

export const REPORT_ENDPOINTS: readonly Endpoint[] = [
  write("reports.create", create),
  write("reports.update", update),
  write("reports.move", move),
  write("reports.publish", publish),
  write("reports.archive", (call, body) => {
    setArchived(call, body, true);
    return { archived: 1 };
  }),
  write("reports.unarchive", (call, body) => {
    setArchived(call, body, false);
    return { unarchived: 1 };
  }),
  write("reports.delete", deleteReport),
  read("reports.get_all_ex", getReports),
  read("reports.get_tags", getTags),
  read("reports.get_task_data", getTaskData),
];
