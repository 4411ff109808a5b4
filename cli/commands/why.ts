import type { LocalView } from "../../agent/control/local-view.ts";
import type { AgentSnapshot } from "../../agent/control.ts";
import type { TaskId } from "../../api/wire/ids.ts";
import { codeOf, messageOf } from "../../base/errors.ts";
import { agentStatus, askAgent } from "../agent-socket.ts";
import { clientFromEnvironment } from "../client.ts";
import { findTask } from "../find-task.ts";
import { type AgentPlace, stateFolderOf } from "../state-folder.ts";
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
  const [view, local] = await Promise.all([serverView(client, id), localViewOf(id, flags)]);
  return explain(view, sameServer(view, local) ? local : undefined, Date.now());
}

/** Undefined: no agent runs here that we may ask. */
async function localViewOf(task: TaskId, flags: AgentPlace): Promise<LocalView | undefined> {
  return await askAgent<LocalView>(await stateFolderOf(flags), "GET", `/why/${task}`).catch(() => undefined);
}

/** One server may have several addresses: an agent whose workers it knows works for it. */
function sameServer(view: ServerView, local: LocalView | undefined): boolean {
  if (local === undefined) return false;
  const { server, slots } = local.agent;
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
