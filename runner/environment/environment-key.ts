import { createHash } from "node:crypto";
import type { Task } from "../../api/wire/task.ts";
import type { Source } from "../source/source.ts";
import type { Requirements } from "./requirements.ts";

/** Everything that an environment is made from; the same inputs are the same environment (design: content-addressed). */
export interface EnvironmentInputs {
  /** Image id, or the interpreter's real path and version. */
  readonly base: string;
  readonly setupScript: string;
  readonly requirements: Requirements;
  /** Commit, or another mark of the source, where requirements install from the workspace. */
  readonly source: string | undefined;
  /** Where packages come from: PIP_INDEX_URL and relatives. */
  readonly indexes: Readonly<Record<string, string>>;
}

/** Grows when environments are built in another way, so that old ones are not taken for new. */
const RECIPE = 2;

export function environmentKey(inputs: EnvironmentInputs): string {
  const { base, setupScript, requirements, source, indexes } = inputs;
  const content = {
    recipe: RECIPE,
    platform: `${process.platform}-${process.arch}`,
    base,
    setupScript,
    text: requirements.text,
    files: sorted(requirements.files),
    indexes: sorted(indexes),
    source: requirements.needsSource ? [source, requirements.folder] : undefined,
  };
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 32);
}

const sorted = (map: Readonly<Record<string, string>>): [string, string][] => Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** Settings of the agent's environment that say where packages come from. */
export function indexSettings(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const names = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_TRUSTED_HOST"];
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** Commit and uncommitted changes: what requirements that install from the workspace depend on. */
export function sourceMark(task: Task, source: Source): string {
  const diff = createHash("sha256")
    .update(task.script.diff ?? "")
    .digest("hex");
  return `${source.commit ?? ""} ${diff}`;
}
