import type { Task } from "../api/wire/task.ts";
import { RunError } from "./run-error.ts";

/** What Linux takes as one argument or variable of a program (MAX_ARG_STRLEN), without the NUL at its end. */
const LONGEST_BYTES = 131_071;
/** Of all arguments and variables, under the usual limit of the stack (a quarter of 8 MiB), with the pointers to them. */
const MOST_BYTES = 2 ** 21;
const POINTER_BYTES = 8;
const SCRIPT_WORDS = ["binary", "repository", "tag", "branch", "version_num", "entry_point", "working_dir"] as const;

/** Fields that become words of git, of the engine or of the program. Throws `failed/task-invalid` with the field's name. */
export function refuseUnfitTask({ script, container, hyperparams }: Task): void {
  for (const field of SCRIPT_WORDS) refuseUnfit(`script.${field}`, script[field]);
  refuseUnfit("container.image", container.image);
  for (const words of [container.arguments ?? []].flat()) refuseUnfit("container.arguments", words);
  for (const [name, { value = "" }] of Object.entries(hyperparams["Environment"] ?? {}))
    refuseUnfit(`hyperparams.Environment.${name}`, `${name}=${value}`);
}

/** `field` of the task's document, of which `word` is made. */
export function refuseUnfit(field: string, word = ""): void {
  const why = word.includes("\0")
    ? "holds a NUL character, which no program can be given"
    : Buffer.byteLength(word) > LONGEST_BYTES && `is longer than the ${LONGEST_BYTES} bytes that a program can be given in one piece`;
  if (why !== false) throw new RunError("failed/task-invalid", `${JSON.stringify(field.slice(0, 200)).slice(1, -1)} ${why}`);
}

/** All that a program would be given; in a container too much of it would look like a failure of the program. */
export function refuseTooMuch(argv: readonly string[], env: Readonly<Record<string, string>>): void {
  const words = [...argv, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  const bytes = words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1 + POINTER_BYTES, 0);
  if (bytes > MOST_BYTES)
    throw new RunError(
      "failed/task-invalid",
      `hyperparams.Args and hyperparams.Environment are ${bytes} bytes together, of which a program can be given ${MOST_BYTES}`,
    );
}
