import { newId } from "../../base/ids.ts";
import { ApiFault, publicObject } from "../api-fault.ts";
import { wireDate } from "../body.ts";
import { isShorter } from "../contract/python-text.ts";
import type { Call } from "../endpoint.ts";
import { type Document, findDocument, insertDocument } from "../store/documents.ts";
import { PROJECT } from "../store/kinds.ts";
import { touchProjects } from "./touched-project.ts";

/** A project's name is its full path in the tree; parents are made as needed (clearml-services.md 2.1). */
export const MAX_DEPTH = 10;
const MIN_LENGTH = 3;

/** The parts of a name, trimmed; 500/0 for a blank one, as there. */
export function partsOfName(name: string): string[] {
  const parts = name.split("/").filter((part) => part !== "");
  if (parts.some((part) => part.trim() === "")) throw new ApiFault(500, 0, "General server error (blank part in a project name)");
  return parts.map((part) => part.trim());
}

export function normalName(name: string): string {
  const parts = partsOfName(name);
  if (parts.length === 0) throw new ApiFault(400, 407, "Invalid project name", { name });
  return parts.join("/");
}

export function requireDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw new ApiFault(400, 409, "Project path exceed the maximum allowed depth", { max_depth: MAX_DEPTH });
}

export const locationOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf("/")));
export const basenameOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

/** The own project of that full name, made with its parents when there is none; `fields` only for a new one. */
export function ensureProject(call: Call, name: string, fields: Document = {}): string {
  const full = normalName(name);
  return ownProjectNamed(call, full) ?? insertProject(call, full, { description: "", ...fields });
}

/** The id of the caller's project of that name; a public one in its place is refused with 400/414. */
export function ownProjectNamed(call: Call, name: string): string | undefined {
  const known = call.db.get<{ id: string; company: string }>("SELECT id, company FROM projects WHERE name = ?", name);
  if (known?.company === "") throw new ApiFault(400, 414, "Public project with the same name already exists", { name });
  return known?.id;
}

/** Refuses a name that is taken, in the words of the database. */
export function requireFreeName(call: Call, name: string): void {
  if (call.db.get("SELECT 1 FROM projects WHERE name = ?", name) === undefined) return;
  throw new ApiFault(400, 801, "Value combination already exists (unique field already contains this value)", {
    name,
    company: call.caller.company,
  });
}

/** Makes a project of a normal name that is free, and the missing ones above it. */
export function insertProject(call: Call, name: string, fields: Document): string {
  requireDepth(name.split("/").length);
  const basename = basenameOf(name);
  if (isShorter(basename, MIN_LENGTH)) throw new ApiFault(400, 12, "Validation error (Project name cannot be blank)");
  const location = locationOf(name);
  const parent = location === "" ? undefined : ensureProject(call, location);
  const id = newId();
  const now = wireDate(call.nowMs);
  insertDocument(call.db, PROJECT, {
    id,
    name,
    basename,
    user: call.caller.user,
    company: call.caller.company,
    created: now,
    last_update: now,
    tags: [],
    system_tags: [],
    featured: 9999,
    ...fields,
    parent,
    path: pathBelow(call, parent),
  });
  touchProjects(call, parent);
  return id;
}

/** The ids above a project whose parent is this one, root first. */
export function pathBelow(call: Call, parent: string | undefined): string[] {
  if (parent === undefined) return [];
  return [...((findDocument(call.db, PROJECT, parent, ["path"])?.["path"] as string[] | undefined) ?? []), parent];
}

/** A project that the caller may see, whole; 400/401 when there is none. */
export function requireProject(call: Call, id: string): Document {
  const project = findDocument(call.db, PROJECT, id, Object.keys(PROJECT.fields));
  if (project !== undefined && [call.caller.company, ""].includes(String(project["company"]))) return project;
  throw new ApiFault(400, 401, "Invalid project id", { id });
}

/** The same for a call that changes it; 403/21 for a public one. */
export function requireWritableProject(call: Call, id: string): Document {
  const project = requireProject(call, id);
  if (project["company"] === "") throw publicObject("project", [id]);
  return project;
}
