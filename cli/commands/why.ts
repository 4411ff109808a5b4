import type { LocalView } from "../../agent/control/local-view.ts";
import type { AgentSnapshot } from "../../agent/control.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { codeOf, messageOf } from "../../base/errors.ts";
import { agentStatus, askAgent } from "../agent-socket.ts";
import { clientFromEnvironment } from "../client.ts";
import { findTask } from "../find-task.ts";
import { type AgentPlace, stateFolderOf, usualPlaces } from "../state-folder.ts";
import { styleOut } from "../style.ts";
import { explain } from "../why/explain.ts";
import type { Finding } from "../why/finding.ts";
import { type ServerView, serverView } from "../why/server-view.ts";
import { whyWithoutServer } from "../why/without-server.ts";

/** Asks the server and the agent here, whichever answers, why a task does not run. */
export async function whyCommand(text: string, flags: AgentPlace & { json?: boolean }): Promise<void> {
  const finding = await askServer(text, flags).catch((error: unknown) => withoutServer(text, flags, error));
  process.stdout.write(flags.json === true ? `${JSON.stringify(finding, null, 2)}\n` : findingText(finding));
}

async function askServer(text: string, flags: AgentPlace): Promise<Finding> {
  const client = await clientFromEnvironment(flags.config);
  const id = await findTask(client, text);
  const [view, locals] = await Promise.all([serverView(client, id), localViewsOf(id, flags)]);
  const local = locals.find((candidate) => sameServer(view, candidate));
  return explain(view, local, Date.now());
}

/** Of the agents here that we may ask: the one that is meant first, then those in the usual places, if none is named. */
async function localViewsOf(task: TaskId, flags: AgentPlace): Promise<LocalView[]> {
  const meant = await stateFolderOf(flags).then(
    (folder) => [folder],
    () => [],
  );
  const places = flags.state === undefined ? [...new Set([...meant, ...usualPlaces()])] : meant;
  const views = places.map((place) => askAgent<LocalView>(place, "GET", `/why/${task}`).catch(() => undefined));
  return (await Promise.all(views)).filter((view) => view !== undefined);
}

/** One server may have several addresses: an agent whose workers it knows works for it. */
function sameServer(view: ServerView, { agent: { server, slots } }: LocalView): boolean {
  return server.url === view.url || slots.some((slot) => view.workers.some((worker) => worker.id === slot.worker));
}

/** When the server cannot be asked, what the agent here knows is better than nothing. */
async function withoutServer(text: string, flags: AgentPlace, error: unknown): Promise<Finding> {
  if (!["server-unreachable", "no-credentials"].includes(codeOf(error) ?? "")) throw error;
  const agent: AgentSnapshot | undefined = await stateFolderOf(flags)
    .then(agentStatus)
    .catch(() => undefined);
  const finding = agent === undefined ? undefined : whyWithoutServer(text, agent, messageOf(error), Date.now());
  if (finding === undefined) throw error;
  return finding;
}

function findingText({ facts, conclusion, advice }: Finding): string {
  const lines = [...facts, "", styleOut("bold", conclusion), ...(advice === undefined ? [] : [advice])];
  return lines.map((line) => `${line}\n`).join("");
}
