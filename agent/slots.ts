import { WindlassError } from "../base/errors.ts";
import type { GpuSelection } from "../runner/settings.ts";
import type { Config } from "./config.ts";
import type { WorkerNames } from "./worker-names.ts";

/** Room for one running task; a worker of its own on the server. */
export interface SlotPlan {
  readonly worker: string;
  readonly gpus: GpuSelection;
}

type Names = Pick<WorkerNames, "take">;

/**
 * `name:0`, `name:gpu0,1`, `name:cpu:0` (clearml-agent.md 3.4); GPUs are dealt out to the slots in turn. A number is the lowest
 * that no other agent of this machine has; a name without one that another has already is an error.
 */
export async function planSlots(config: Config, names: Names): Promise<SlotPlan[]> {
  const plans: SlotPlan[] = [];
  for (let at = 0; at < config.slots; at++) {
    const gpus = shareOf(config, at);
    const worker = await freeName(formOf(config, gpus, at), at, new Set(plans.map((plan) => plan.worker)), names);
    plans.push({ worker, gpus });
  }
  return plans;
}

function shareOf({ gpus, slots }: Config, at: number): GpuSelection {
  const own = typeof gpus === "string" ? gpus : gpus.filter((_gpu, index) => index % slots === at);
  return typeof own !== "string" && own.length === 0 ? "none" : own;
}

/** A text stands for itself; else the name with a number. */
type NameForm = string | ((number: number) => string);

function formOf({ name, slots, workerId }: Config, gpus: GpuSelection, at: number): NameForm {
  if (workerId !== undefined) return slots === 1 ? workerId : `${workerId}:${at}`;
  if (typeof gpus !== "string") return `${name}:gpu${gpus.join(",")}`;
  return (number) => (gpus === "all" ? `${name}:${number}` : `${name}:cpu:${number}`);
}

async function freeName(form: NameForm, from: number, given: ReadonlySet<string>, names: Names): Promise<string> {
  if (typeof form === "string") {
    if (await names.take(form)) return form;
    throw new WindlassError(`another agent of this machine is the worker ${form} of this server`, {
      code: "worker-name-taken",
      hint: "Give this one a name of its own: agent.name, or CLEARML_WORKER_NAME (CLEARML_WORKER_ID where that is set).",
    });
  }
  for (let number = from; ; number++) {
    const name = form(number);
    if (!given.has(name) && (await names.take(name))) return name;
  }
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
