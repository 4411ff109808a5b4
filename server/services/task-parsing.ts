import { ApiFault } from "../api-fault.ts";
import { isMap, requirePlainTags } from "../body.ts";
import type { Body, Call } from "../endpoint.ts";
import type { Document } from "../store/documents.ts";
import { requireArtifactKeys } from "./artifacts.ts";
import { requireConfiguration, requireKnown, requireSections } from "./parameter-items.ts";
import { upgraded } from "./task-legacy.ts";
import { requireExisting } from "./task-references.ts";

/**
 * What the official server finds wrong with a task while it reads one, which is all that `tasks.validate` tells; types and
 * lengths of values are looked at when the task is stored (clearml-tasks-events.md 4).
 */
const MAPS = ["container", "hyperparams", "configuration", "runtime", "execution", "script", "models"];
export const SCRIPT_TRIMMED = ["binary", "repository", "tag", "branch", "version_num", "entry_point", "working_dir"];
const SCRIPT_FIELDS = [...SCRIPT_TRIMMED, "requirements", "diff"];

/** The body in today's names. `previous` is the task that is edited. */
export function parsedTask(call: Call, body: Body, previous?: Document): Document {
  requireExisting(call, "Task", "parent", body["parent"]);
  requireExisting(call, "Project", "project", body["project"]);
  for (const name of MAPS)
    if ((body[name] ?? null) !== null && !isMap(body[name]))
      throw new ApiFault(400, 16, "Invalid value for fields (expecting dict)", { field: name });
  const today = upgraded(call, body, previous);
  const { script, hyperparams, configuration, execution } = today;
  for (const name of ["tags", "system_tags"]) requirePlainTags(today[name]);
  if (isMap(script)) requireKnown(script, SCRIPT_FIELDS, "Script");
  if (isMap(hyperparams)) requireSections(hyperparams);
  if (isMap(configuration)) requireConfiguration(configuration);
  if (isMap(execution)) requireArtifactKeys(execution["artifacts"]);
  return today;
}
