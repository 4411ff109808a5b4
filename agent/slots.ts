import type { GpuSelection } from "../runner/settings.ts";
import type { Config } from "./config.ts";

/** Room for one running task; a worker of its own on the server. */
export interface SlotPlan {
  readonly worker: string;
  readonly gpus: GpuSelection;
}

/** `name:0`, `name:gpu0,1`, `name:cpu:0` (clearml-agent.md 3.4); GPUs are dealt out to the slots in turn. */
export function planSlots(config: Config): SlotPlan[] {
  const { name, slots, gpus, workerId } = config;
  return Array.from({ length: slots }, (_, at) => {
    const own = typeof gpus === "string" ? gpus : gpus.filter((_gpu, index) => index % slots === at);
    const share: GpuSelection = typeof own !== "string" && own.length === 0 ? "none" : own;
    const worker = workerId === undefined ? `${name}:${suffix(share, at)}` : slots === 1 ? workerId : `${workerId}:${at}`;
    return { worker, gpus: share };
  });
}

function suffix(gpus: GpuSelection, at: number): string {
  if (gpus === "all") return String(at);
  return gpus === "none" ? `cpu:${at}` : `gpu${gpus.join(",")}`;
}
