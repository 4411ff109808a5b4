import type { AgentControl } from "../control.ts";
import { type Answer, type Answering, refusal } from "./http-window.ts";
import { localView } from "./local-view.ts";

const TASK = /^[\w-]{1,64}$/;

/** What can be asked over the agent's socket: `GET /status`, `GET /why/TASK`, `POST /drain`, `/pause` and `/resume`. */
export function controlRequests(agent: AgentControl): Answering {
  const routes: Readonly<Record<string, Readonly<Record<string, () => Answer>>>> = {
    "/status": { GET: () => ok(agent.snapshot()) },
    "/drain": { POST: () => told(agent, () => agent.drain()) },
    "/pause": { POST: () => unlessDraining(agent, "paused", () => agent.pause()) },
    "/resume": { POST: () => unlessDraining(agent, "resumed", () => agent.resume()) },
  };
  return ({ method, path }) => {
    const why = /^\/why\/(.*)$/s.exec(path)?.[1];
    const route = why === undefined ? routes[path] : { GET: () => whyTask(agent, why) };
    if (route === undefined) return refusal(404, `there is nothing at ${path.slice(0, 100)}`);
    return route[method]?.() ?? refusal(405, `${path.slice(0, 100)} is asked with ${Object.keys(route).join(", ")}`);
  };
}

const ok = (body: object): Answer => ({ status: 200, body });

function whyTask(agent: AgentControl, task: string): Answer {
  return TASK.test(task) ? ok(localView(task, agent.snapshot())) : refusal(400, "that is not the id of a task");
}

function told(agent: AgentControl, tell: () => void): Answer {
  tell();
  return ok(agent.snapshot());
}

/** A drain ends the agent: nothing takes it back. */
function unlessDraining(agent: AgentControl, wish: string, tell: () => void): Answer {
  if (agent.snapshot().state === "draining") return refusal(409, `the agent is draining and ends with its runs; it cannot be ${wish}`);
  return told(agent, tell);
}
