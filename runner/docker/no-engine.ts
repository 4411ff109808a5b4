import { messageOf } from "../../base/errors.ts";
import { RunError } from "../run-error.ts";

/** No engine at the configured address, or at the one of DOCKER_HOST, or at the default socket. */
export function noEngine(host: string | undefined, error: unknown): RunError {
  const where = host ?? process.env["DOCKER_HOST"] ?? "the default socket";
  return new RunError("failed/engine", `no Docker engine answers at ${where} (${messageOf(error)})`, {
    retryable: true,
    hint: "Is it running, and may this user open its socket (group docker)?",
  });
}
