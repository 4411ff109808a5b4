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

/** A slot and what occupies it. */
export interface Slot<R> extends SlotPlan {
  run: R | undefined;
}

/** The slots of an agent; their plan may change while they are busy. */
export class Slots<R> {
  #slots: Slot<R>[] = [];
  #changed = Promise.withResolvers<void>();

  get all(): readonly Slot<R>[] {
    return this.#slots;
  }

  get free(): Slot<R>[] {
    return this.#planned.filter((slot) => slot.run === undefined);
  }

  get busy(): Slot<R>[] {
    return this.#slots.filter((slot) => slot.run !== undefined);
  }

  /** Settles at the next change of any slot. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  #planned: Slot<R>[] = [];

  /** A busy slot that the new plan lacks stays until its run is over. */
  plan(plans: readonly SlotPlan[]): void {
    const before = new Map(this.#slots.map((slot) => [slot.worker, slot]));
    this.#planned = plans.map((plan) => {
      const known = before.get(plan.worker);
      return known === undefined ? { ...plan, run: undefined } : Object.assign(known, plan);
    });
    this.#retire();
  }

  occupy(slot: Slot<R>, run: R): void {
    slot.run = run;
    this.#announce();
  }

  /** A run of an earlier agent process takes its old slot, or one that lasts as long as the run. */
  occupyAgain(worker: string, gpus: GpuSelection, run: R): Slot<R> {
    let slot = this.#slots.find((one) => one.worker === worker && one.run === undefined);
    if (slot === undefined) {
      slot = { worker, gpus, run };
      this.#slots.push(slot);
    }
    this.occupy(slot, run);
    return slot;
  }

  release(slot: Slot<R>): void {
    slot.run = undefined;
    this.#retire();
  }

  #retire(): void {
    const leftover = this.#slots.filter((slot) => slot.run !== undefined && !this.#planned.includes(slot));
    this.#slots = [...this.#planned, ...leftover];
    this.#announce();
  }

  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
