import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { loadConfig } from "../agent/load-config.ts";
import { codeOf, WindlassError } from "../base/errors.ts";
import { agentStatus } from "./agent-socket.ts";

/** How a command names the agent that it means. */
export interface AgentPlace {
  readonly state?: string;
  readonly config?: string;
}

/** The state folder of the agent that flags, environment and configuration files mean, as the daemon itself finds it. */
export async function stateFolderOf({ state, config }: AgentPlace): Promise<string> {
  if (state !== undefined) return resolve(state);
  try {
    return (await loadConfig({ config }, process.env)).config.stateFolder;
  } catch (error) {
    if (!(error instanceof WindlassError)) throw error;
    const hint =
      `${error.hint ?? ""} An agent that runs keeps its old configuration and is reached with --state and its state folder.`.trim();
    throw new WindlassError(error.message, { code: error.code, hint, cause: error });
  }
}

/** Runs `work` with that folder; when no agent runs there, the error names those that run in the other usual places. */
export async function withAgent<T>(place: AgentPlace, work: (stateFolder: string) => Promise<T>): Promise<T> {
  const folder = await stateFolderOf(place);
  try {
    return await work(folder);
  } catch (error) {
    const others = codeOf(error) === "no-agent" ? await agentsElsewhere(folder) : [];
    if (others.length === 0) throw error;
    throw new WindlassError((error as Error).message, { code: "no-agent", hint: others.join(" ") });
  }
}

/** Where agents are when nobody says otherwise: the machine's, the user's, and that of `windlass up`. */
export function usualPlaces(): string[] {
  const state = process.env["XDG_STATE_HOME"] ?? join(homedir(), ".local/state");
  const data = process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local/share");
  return ["/var/lib/windlass", join(state, "windlass"), join(data, "windlass/agent")];
}

async function agentsElsewhere(folder: string): Promise<string[]> {
  const places = usualPlaces().filter((place) => place !== folder);
  return (await Promise.all(places.map(sentenceAbout))).flat();
}

async function sentenceAbout(place: string): Promise<string[]> {
  const code = await agentStatus(place).then(() => "there", codeOf);
  if (code === "there") return [`One runs on ${place}: add --state ${place}.`];
  return code === "not-yours" ? [`${place} belongs to another user, whose agent only that user may ask (sudo).`] : [];
}
