import type { Environment } from "../engine.ts";
import type { Source } from "../source/source.ts";

/** The words that start the program, without a shell in between. */
export function commandOf(source: Source, environment: Environment, parameterArguments: readonly string[]): string[] {
  const { entry } = source;
  const program = entry.interpreter.kind === "python" ? [environment.python, "-u"] : [entry.interpreter.name];
  switch (entry.kind) {
    case "file":
      return [...program, entry.file, ...entry.args, ...parameterArguments];
    case "module":
      return [...program, "-m", entry.module, ...entry.args, ...parameterArguments];
    case "command":
      return [...program, "-c", entry.command, entry.interpreter.name, ...parameterArguments];
  }
}
