/** A checked-out, patched workspace, ready to be built and run. */
export interface Source {
  /** Absolute path of the workspace on the agent's side: `RUN/workspace`. */
  readonly workspace: string;
  /** Relative to the workspace, "" for its root; checked to lie inside. */
  readonly workingDir: string;
  /** Where a git repository was checked out. */
  readonly commit: string | undefined;
  readonly branch: string | undefined;
  /** The mirror whose objects the workspace borrows; it must be readable at this same path inside the run. */
  readonly mirror: string | undefined;
  /** What to run, parsed from `script.entry_point` and `script.binary`. */
  readonly entry: EntryPoint;
}

export type EntryPoint =
  | { readonly kind: "file"; readonly interpreter: Interpreter; readonly file: string; readonly args: readonly string[] }
  | { readonly kind: "module"; readonly interpreter: Interpreter; readonly module: string; readonly args: readonly string[] }
  | { readonly kind: "command"; readonly interpreter: Interpreter; readonly command: string };

/** `script.binary`: `python`, `python3.11`, `/usr/bin/bash`, … */
export interface Interpreter {
  readonly kind: "python" | "shell";
  /** As requested, last path part, e.g. `python3.11`, `bash`. */
  readonly name: string;
}
