import type { RunSettings } from "./settings.ts";

/** What helpers of the agent (git, pip, venv) get of its environment: never its keys. */
const PASSED =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|TERM|SSH_AUTH_SOCK|SSH_AGENT_PID|GIT_SSH|GIT_SSH_COMMAND|XDG_.*|PIP_.*|UV_.*|NETRC|PYENV_ROOT)$/;

export function hostEnvironment(settings: RunSettings, from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const passed = Object.entries(from).filter((entry): entry is [string, string] => entry[1] !== undefined && PASSED.test(entry[0]));
  return { ...Object.fromEntries(passed), ...trustVariables(settings.network.caBundle), ...settings.network.proxy };
}

/** The variables by which git, pip, requests, curl, node and Python's ssl find a CA bundle. */
export function trustVariables(bundle: string | undefined): Record<string, string> {
  if (bundle === undefined) return {};
  const names = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"];
  return Object.fromEntries(names.map((name) => [name, bundle]));
}
