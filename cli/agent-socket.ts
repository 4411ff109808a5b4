import { request } from "node:http";
import { text } from "node:stream/consumers";
import { SOCKET_NAME, socketAddress } from "../agent/control/socket-address.ts";
import type { AgentSnapshot } from "../agent/control.ts";
import { codeOf, messageOf, WindlassError } from "../base/errors.ts";

const ANSWER_WITHIN_MS = 5_000;

export const agentStatus = (stateFolder: string): Promise<AgentSnapshot> => askAgent(stateFolder, "GET", "/status");

/** Asks the agent of a state folder. Throws WindlassError: `no-agent`, `not-yours`, `agent-refused` or `agent-silent`. */
export async function askAgent<T>(stateFolder: string, method: "GET" | "POST", path: string): Promise<T> {
  try {
    await using address = await socketAddress(stateFolder);
    const answer = await exchange(address.path, method, path);
    const body = JSON.parse(answer.text) as T & { error?: string };
    if (answer.status === 200) return body;
    throw new WindlassError(body.error ?? `the agent answered with ${answer.status}`, { code: "agent-refused" });
  } catch (error) {
    throw error instanceof WindlassError ? error : unreachable(stateFolder, error);
  }
}

function exchange(socketPath: string, method: string, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path, agent: false, timeout: ANSWER_WITHIN_MS }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode ?? 0, text: body }), reject);
    });
    asking.on("timeout", () => asking.destroy(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })));
    asking.on("error", reject);
    asking.end();
  });
}

/** No socket: there is no agent; a socket that nobody answers belongs to a dead one. */
function unreachable(stateFolder: string, error: unknown): WindlassError {
  const code = codeOf(error) ?? "";
  if (["ENOENT", "ENOTDIR", "ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(code))
    return new WindlassError(`no agent runs on the state folder ${stateFolder}`, {
      code: "no-agent",
      hint: "Start one (windlass daemon), or name the folder of the one you mean with --state.",
      cause: error,
    });
  if (code === "EACCES" || code === "EPERM")
    return new WindlassError(`the state folder ${stateFolder} belongs to another user`, {
      code: "not-yours",
      hint: "Only the user that the agent runs as may talk to it: use sudo, or sudo -u USER.",
      cause: error,
    });
  return new WindlassError(`the agent of ${stateFolder} does not answer on its ${SOCKET_NAME}: ${messageOf(error)}`, {
    code: "agent-silent",
    hint: "Its log may say why (journalctl -u windlass).",
    cause: error,
  });
}
