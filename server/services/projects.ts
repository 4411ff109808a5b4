import { ApiFault } from "../api-fault.ts";
import { givenOf, requiredText, tagsOf, textOf, wireDate } from "../body.ts";
import { isShorter } from "../contract/python-text.ts";
import { type Body, type Call, type Endpoint, read, write } from "../endpoint.ts";
import { type Document, updateDocument } from "../store/documents.ts";
import { PROJECT } from "../store/kinds.ts";
import { withOneList, withTwoLists } from "./old-tags.ts";
import { renameBelow } from "./project-moves.ts";
import {
  basenameOf,
  insertProject,
  locationOf,
  normalName,
  ownProjectNamed,
  requireFreeName,
  requireProject,
  requireWritableProject,
} from "./project-names.ts";

/** Projects by themselves: made, read, changed (clearml-services.md 2.2, 2.4). */
function create(call: Call, given: Body): object {
  const body = withTwoLists(call, PROJECT, given);
  if (typeof body["name"] !== "string") throw new ApiFault(500, 0, "General server error (a project's name must be a string)");
  const name = normalName(body["name"]);
  if (ownProjectNamed(call, name) !== undefined)
    throw new ApiFault(400, 801, "Project with the same name already exists", { name, company: call.caller.company });
  return {
    id: insertProject(call, name, {
      description: textOf(body, "description") ?? "",
      tags: tagsOf(body, "tags") ?? [],
      system_tags: tagsOf(body, "system_tags") ?? [],
      default_output_destination: textOf(body, "default_output_destination")?.trim(),
    }),
  };
}

const CLEARABLE = ["description", "default_output_destination", "tags", "system_tags"];

/** The request's own fields as the reply shows them: nulls too, tags in order. */
function givenFields(body: Body): Document {
  return givenOf(body, {
    name: textOf(body, "name"),
    description: textOf(body, "description"),
    tags: tagsOf(body, "tags"),
    system_tags: tagsOf(body, "system_tags"),
    default_output_destination: textOf(body, "default_output_destination"),
  });
}

function update(call: Call, body: Body): object {
  const id = requiredText(body, "project");
  const before = requireWritableProject(call, id);
  const fields = givenFields(withTwoLists(call, PROJECT, body));
  const changes = Object.fromEntries(CLEARABLE.filter((name) => name in fields).map((name) => [name, stored(fields[name])]));
  if (typeof fields["name"] === "string" && fields["name"] !== "") rename(call, before, normalName(fields["name"]));
  updateDocument(call.db, PROJECT, id, { ...changes, last_update: wireDate(call.nowMs) });
  return { updated: 1, fields };
}

const stored = (value: unknown): unknown => (typeof value === "string" ? value.trim() : value);

/** A new name must keep the place in the tree (400/408); the names below follow. */
function rename(call: Call, project: Document, name: string): void {
  const before = String(project["name"]);
  if (locationOf(before) !== locationOf(name))
    throw new ApiFault(400, 408, "Cannot update project location. use projects.move instead", { name });
  if (isShorter(name, 3)) throw new ApiFault(400, 800, "Data validation error", { name: "String value is too short" });
  if (name === before) return;
  requireFreeName(call, name);
  updateDocument(call.db, PROJECT, String(project["id"]), { name, basename: basenameOf(name) });
  renameBelow(call, before, name);
}

export const PROJECT_ENDPOINTS: readonly Endpoint[] = [
  read("projects.get_by_id", (call, body) => ({ project: withOneList(call, requireProject(call, requiredText(body, "project"))) })),
  write("projects.create", create),
  write("projects.update", update),
];

export { ensureProject } from "./project-names.ts";
