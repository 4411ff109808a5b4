import { RunError } from "../run-error.ts";

/** Why pip did not install, from its own words. */
const NOT_FOUND = /No matching distribution found for ([^\s(]+)/;
const NETWORK =
  /Temporary failure in name resolution|NewConnectionError|Connection (refused|reset|timed out)|ReadTimeoutError|ProxyError|SSLError|Max retries exceeded|50\d (Server Error|Bad Gateway)/i;
const FULL = /No space left on device|Disk quota exceeded/i;
const LAST_LINES = 4;

export function pipFailure(output: string): RunError {
  if (FULL.test(output)) return new RunError("failed/disk-full", "no space left while installing requirements", { retryable: true });
  const package_ = NOT_FOUND.exec(output)?.[1];
  const network = NETWORK.test(output);
  if (network) {
    return new RunError("failed/environment-requirements", `the package index did not answer: ${lastLines(output)}`, {
      retryable: true,
      hint: "Check that this machine reaches the index (proxy, network.ca_bundle).",
    });
  }
  if (package_ !== undefined) {
    return new RunError("failed/environment-requirements", `there is no package that satisfies ${package_}`, {
      hint: "Check its name and version in the task's requirements, and that it exists for this Python.",
    });
  }
  return new RunError("failed/environment-requirements", `pip could not install the requirements: ${lastLines(output)}`, {
    hint: "The lines above say which package failed.",
  });
}

export const isNetworkFailure = (output: string): boolean => NETWORK.test(output) && !FULL.test(output);

function lastLines(output: string): string {
  const lines = output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(WARNING|\[notice\])/.test(line));
  const errors = lines.filter((line) => /error/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-LAST_LINES).join(" | ").slice(0, 600);
}
