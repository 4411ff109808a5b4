import type { AgentControl } from "../control.ts";
import { type Answer, type Answering, refusal } from "./http-window.ts";
import { localView } from "./local-view.ts";

const TASK = /^[\w-]{1,64}$/;

/** What can be asked over the agent's socket: `GET /status`, `GET /why/TASK`, `POST /drain`, `/pause` and `/resume`. */
export function controlRequests(agent: AgentControl): Answering {
  const routes: Readonly<Record<string, Readonly<Record<string, () => Answer>>>> = {
    "/status": { GET: () => ok(agent.snapshot()) },
    "/drain": { POST: () => told(agent, () => agent.drain()) },
    "/pause": { POST: () => unlessEnding(agent, "paused") },
    "/resume": { POST: () => unlessEnding(agent, "running") },
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
  return TASK.test(task) ? ok(localView(task, agent.snapshot(), agent.heldBack(task))) : refusal(400, "that is not the id of a task");
}

function told(agent: AgentControl, tell: () => void): Answer {
  tell();
  return ok(agent.snapshot());
}

/** A drain ends the agent: nothing takes it back. One that starts has to get ready first. */
function unlessEnding(agent: AgentControl, wish: "paused" | "running"): Answer {
  const { state } = agent.snapshot();
  if (state === "draining") return refusal(409, "the agent is draining and ends with its runs; nothing takes that back");
  if (state === "starting") return refusal(409, "the agent is starting and not registered at its server yet; try again when it is");
  return told(agent, wish === "paused" ? () => agent.pause() : () => agent.resume());
}
