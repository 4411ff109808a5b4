import { OWN_LINE_MARK } from "../../monitor/console/run-console.ts";
import { pipFailure } from "../environment/pip-failures.ts";
import { RunError } from "../run-error.ts";
import { NO_PYTHON } from "./dockerfile.ts";

/** Which step failed stands in the engine's message; a step that ended by itself has an exit code, else it never ran. */
export function buildError(problem: string, output: string): RunError {
  if (/no space left on device/i.test(problem + output))
    return new RunError("failed/disk-full", "no space left while building the environment", { retryable: true });
  const code = /exit code: (\d+)/.exec(problem)?.[1];
  if (code !== undefined && problem.includes("run-setup.sh")) return setupError(code, output);
  if (code !== undefined && problem.includes("run-install.sh")) return installError(Number(code), output);
  return new RunError("failed/environment-build", `the image cannot be built (${problem})`, { retryable: true });
}

function setupError(code: string, output: string): RunError {
  const said = lastLine(output);
  const message = `the set-up script ended with exit code ${code}${said === "" ? "" : `: ${said}`}`;
  const hint = said === "" ? "It printed nothing; set -x in it shows where it stops." : "Its output stands above.";
  return new RunError("failed/environment-setup-script", message, { hint });
}

function installError(code: number, output: string): RunError {
  if (code !== NO_PYTHON) return pipFailure(output);
  const hint = "Choose an image with Python and pip, or install them in the set-up script.";
  return new RunError("failed/environment-python", lastLine(output), { hint });
}

/** The last line that is not our own; empty when there is none. */
export function lastLine(output: string): string {
  const theirs = output.split("\n").filter((line) => line.trim() !== "" && !line.startsWith(OWN_LINE_MARK));
  return theirs.at(-1)?.trim().slice(0, 300) ?? "";
}
